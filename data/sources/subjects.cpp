// Every image takes the first row that fits it; then ids that cannot be persons are taken back.
#include "data/sources/subjects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string_view>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

enum class Where { file, path };  // what a pattern is searched in: the last part without its ending, or all

struct Convention {
  const char* name;  // as the line says it
  Where where;
  const char* pattern;  // its first group that matches is the subject
};
// Of public sets as their publishers name them, the more special ones first.
constexpr Convention kConventions[] = {
    {"personN_ (file names)", Where::file, R"(^(person\d+)_)"},
    {"IM-N-N (file names)", Where::file, R"(^((?:NORMAL2-)?IM-\d+)-)"},
    {"CLASS-PATIENT-NUMBER (file names)", Where::file, R"(^([A-Za-z][A-Za-z ]*-\d+)-\d+$)"},
    {"CXR_N_LABEL (file names)", Where::file, R"(^((?:MCU|CHN)CXR_\d+)_[01]$)"},
    {"patient folders", Where::path,
     R"((?:^|/)((?:patient|subject|subj|case|pat|sub|pid|person)[-_ ]?[A-Za-z]*\d+)/)"},
    {"patient folders", Where::path, R"((?:^|/)(p\d{5,}|LIDC-IDRI-\d+|TCGA(?:-\w+){2})/)"},
    {"patientN_ (file names)", Where::file,
     R"(^((?:patient|subject|subj|case|pat|sub|pid)[-_ ]?\d+)(?:[-_ ].*)?$)"},
    {"TCGA-X-N (file names)", Where::file, R"(^(TCGA(?:-\w+){2})\b)"},
    {"NUMBER_NNN (file names)", Where::file, R"(^(\d+)[_-]\d+$)"},
    {"NUMBER_VIEW (file names)", Where::file,
     R"(^(\d{3,})_(?:left|right|l|r|frontal|lateral|pa|ap|cc|mlo)(?:[-_].*)?$)"}};

// A folder of one patient has an id; these have numbers for other reasons.
constexpr const char* kPatientFolder =
    R"(^(?!(?:images?|img|batch|fold|part|dir|set|split|site|view|series|study|level|size|v)[-_ ]?\d*$)[^/]*\d[^/]*$)";
constexpr const char* kFolderName = "folders below the classes'";

const std::regex& compiled(std::size_t row) {
  static const std::vector<std::regex> all = [] {
    std::vector<std::regex> patterns;
    for (const Convention& convention : kConventions)
      patterns.emplace_back(convention.pattern, std::regex::icase | std::regex::optimize);
    return patterns;
  }();
  return all[row];
}

struct Clue {
  std::string subject, convention;
};

std::string first_group(const std::smatch& match) {
  for (std::size_t i = 1; i < match.size(); ++i)
    if (match[i].matched && match[i].length() > 0) return match[i].str();
  return match[0].str();
}

std::string stem_of(const std::string& name) {
  const std::size_t slash = name.find_last_of('/');
  const std::string base = slash == std::string::npos ? name : name.substr(slash + 1);
  const std::size_t dot = base.find_last_of('.');
  return dot == std::string::npos || dot == 0 ? base : base.substr(0, dot);
}

std::optional<Clue> by_table(const std::string& name) {
  const std::string stem = stem_of(name);
  std::smatch match;
  for (std::size_t row = 0; row < std::size(kConventions); ++row)
    if (std::regex_search(kConventions[row].where == Where::file ? stem : name, match, compiled(row)))
      return Clue{first_group(match), kConventions[row].name};
  return std::nullopt;
}

// Images that lie alone with others of their folder, below the class's: the first such folder whose name has
// a number.
std::optional<Clue> by_folder(const std::string& name) {
  static const std::regex patient(kPatientFolder, std::regex::icase);
  static const std::regex split("^(train|training|val|valid|validation|dev|test|testing)$",
                                std::regex::icase);
  std::vector<std::string> parts;
  for (std::size_t at = 0, slash = 0; (slash = name.find('/', at)) != std::string::npos; at = slash + 1)
    parts.push_back(name.substr(at, slash - at));
  const std::size_t below = !parts.empty() && std::regex_match(parts[0], split) ? 2 : 1;
  for (std::size_t i = below; i < parts.size(); ++i)
    if (std::regex_match(parts[i], patient)) return Clue{parts[i], kFolderName};
  return std::nullopt;
}

// What de-identification puts where an id was.
bool means_nobody(const std::string& patient) {
  static const std::set<std::string> known = {
      "",     "0",       "anonymous",    "anonymized",    "anonymised", "anon",
      "none", "null",    "unknown",      "n/a",           "na",         "nobody",
      "test", "patient", "deidentified", "de-identified", "removed"};
  std::string lower = patient;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return known.contains(lower) || lower.find_first_not_of('0') == std::string::npos;
}

struct Tally {
  std::size_t images = 0;
  std::set<int> labels;
};

std::map<std::string, Tally> tally_of(const std::vector<SubjectClues>& images,
                                      const std::vector<std::optional<Clue>>& clues) {
  std::map<std::string, Tally> tallies;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!clues[i]) continue;
    Tally& tally = tallies[clues[i]->subject];
    ++tally.images;
    tally.labels.insert(images[i].label);
  }
  return tallies;
}

class Finder {
 public:
  explicit Finder(const std::vector<SubjectClues>& images) : images_(images), clues_(images.size()) {}

  Subjects run() {
    take_patients();
    take_names();
    qualify_by_class();
    return finish();
  }

 private:
  constexpr static double kMost = 0.8, kTenth = 0.1;
  constexpr static std::size_t kFew = 8;  // images, of which shares say nothing

  bool is_no_person(const std::string& patient, const Tally& tally) const {
    const auto all = static_cast<double>(images_.size()), share = static_cast<double>(tally.images) / all;
    if (means_nobody(patient)) return true;
    if (tally.images < 2 || images_.size() < kFew) return false;
    return share >= kMost || (tally.labels.size() > 1 && share > kTenth);
  }

  void take_patients() {
    std::vector<std::optional<Clue>> found(images_.size());
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (!images_[i].patient.empty()) found[i] = Clue{images_[i].patient, "PatientID of DICOM files"};
    const std::map<std::string, Tally> tallies = tally_of(images_, found);
    std::size_t nobody = 0;
    std::string example;
    for (const auto& [patient, tally] : tallies) {
      if (!is_no_person(patient, tally)) continue;
      nobody += tally.images;
      if (example.empty())
        example =
            fmt::format("'{}' is shared by {} of {}{}", patient, tally.images,
                        counted(images_.size(), "file"), tally.labels.size() > 1 ? ", of both classes" : "");
      nobodies_.insert(patient);
    }
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (found[i] && !nobodies_.contains(found[i]->subject)) clues_[i] = found[i];
    if (nobody > 0)
      lines_.push_back(fmt::format(
          "subjects: PatientID {}: no person's; {} go by their names; --subject REGEX finds ids in paths, "
          "--subject image makes each image its own",
          example, counted(nobody, "image")));
  }

  void take_names() {
    std::vector<std::optional<Clue>> found(images_.size());
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (clues_[i]) continue;
      found[i] = by_table(images_[i].name);
      if (!found[i]) found[i] = by_folder(images_[i].name);
    }
    for (const auto& [subject, tally] : tally_of(images_, found)) {
      const double share = static_cast<double>(tally.images) / static_cast<double>(images_.size());
      if (images_.size() < kFew || share <= 0.5)
        continue;  // more than that: a year or a series, not a patient
      for (std::optional<Clue>& clue : found)
        if (clue && clue->subject == subject) clue.reset();
      lines_.push_back(fmt::format(
          "subjects: '{}' is in the names of {} of {}: no person's; --subject REGEX finds ids in paths",
          subject, tally.images, counted(images_.size(), "image")));
    }
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (found[i]) clues_[i] = found[i];
  }

  // Ids out of names that begin anew in each class: of the class with fewer, most are the other's, too.
  void qualify_by_class() {
    std::map<std::string, std::map<int, std::set<std::string>>> ids;  // by convention and label
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (clues_[i] && images_[i].patient != clues_[i]->subject)
        ids[clues_[i]->convention][images_[i].label].insert(clues_[i]->subject);
    for (const auto& [convention, by_label] : ids) {
      if (by_label.size() != 2) continue;
      const std::set<std::string>&a = by_label.begin()->second, &b = by_label.rbegin()->second;
      const auto shared =
          std::count_if(a.begin(), a.end(), [&](const std::string& id) { return b.contains(id); });
      if (shared < 2 || 2 * static_cast<std::size_t>(shared) <= std::min(a.size(), b.size())) continue;
      for (std::size_t i = 0; i < images_.size(); ++i)
        if (clues_[i] && clues_[i]->convention == convention)
          clues_[i]->subject = fmt::format("{}:{}", images_[i].label, clues_[i]->subject);
      lines_.push_back(
          fmt::format("subjects: {}: ids begin anew in each class, and are told apart by it", convention));
    }
  }

  Subjects finish() {
    Subjects subjects;
    std::map<std::string, std::size_t> images_by;
    std::set<std::string> all;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      subjects.of_image.push_back(clues_[i] ? clues_[i]->subject : images_[i].name);
      all.insert(subjects.of_image.back());
      ++images_by[clues_[i] ? clues_[i]->convention : ""];
    }
    std::string how;
    for (const auto& [convention, count] : images_by)
      if (!convention.empty())
        how += fmt::format("{}{} ({})", how.empty() ? " by " : ", ", convention, counted(count, "image"));
    const std::size_t alone = images_by.contains("") ? images_by[""] : 0;
    std::string line = fmt::format("subjects: {} on {}", all.size(), counted(images_.size(), "image"));
    line += how;
    if (alone > 0)
      line += fmt::format("{}{} tell none, so each image is its own; --subject REGEX names them",
                          how.empty() ? ": " : "; ", how.empty() ? "names" : counted(alone, "name"));
    subjects.lines.push_back(line);
    subjects.lines.insert(subjects.lines.end(), lines_.begin(), lines_.end());
    return subjects;
  }

  const std::vector<SubjectClues>& images_;
  std::vector<std::optional<Clue>> clues_;
  std::set<std::string> nobodies_;
  std::vector<std::string> lines_;
};

std::regex pattern_of(const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error&) {
    throw ConfigError(
        fmt::format("subject: '{}' is no regular expression (ECMAScript); e.g. '([0-9]+)_'", pattern));
  }
}

Subjects by_pattern(const std::vector<SubjectClues>& images, const std::string& text) {
  const std::regex pattern = pattern_of(text);
  Subjects subjects;
  std::set<std::string> all;
  std::size_t alone = 0;
  for (const SubjectClues& image : images) {
    std::smatch match;
    const bool fits = std::regex_search(image.name, match, pattern);
    subjects.of_image.push_back(fits ? first_group(match) : image.name);
    all.insert(subjects.of_image.back());
    alone += fits ? 0 : 1;
  }
  if (alone == images.size() && !images.empty())
    throw DataError(fmt::format("--subject {}: fits no name, e.g. {}", text, images.front().name));
  std::string line =
      fmt::format("subjects: {} on {} by --subject {}", all.size(), counted(images.size(), "image"), text);
  if (alone > 0) line += fmt::format("; it does not fit {}, each its own", counted(alone, "name"));
  subjects.lines.push_back(line);
  return subjects;
}

}  // namespace

Subjects find_subjects(const std::vector<SubjectClues>& images, const std::string& pattern) {
  if (pattern.empty()) return Finder(images).run();
  if (pattern != "image") return by_pattern(images, pattern);
  Subjects subjects;
  for (const SubjectClues& image : images) subjects.of_image.push_back(image.name);
  subjects.lines.push_back(fmt::format("subjects: {} on {}: each image is its own", images.size(),
                                       counted(images.size(), "image")));
  return subjects;
}

std::string subject_from_name(const std::string& name) {
  const std::optional<Clue> clue = by_table(name);
  return clue ? clue->subject : name;
}

void check_subject_pattern(const std::string& pattern) {
  if (!pattern.empty() && pattern != "image") pattern_of(pattern);
}

}  // namespace dsx::data
