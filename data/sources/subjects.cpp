// Every image takes the first row that fits it; then ids that cannot be persons are taken back.
#include "data/sources/subjects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "data/sources/subject_names.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr const char* kPatientId = "PatientID (of DICOM files, or of the table of labels)";

using Clue = NameClue;

std::string first_group(const std::smatch& match) {
  for (std::size_t i = 1; i < match.size(); ++i)
    if (match[i].matched && match[i].length() > 0) return match[i].str();
  return match.size() > 1 ? "" : match[0].str();
}

// What de-identification puts where an id was: a word for nobody, or signs alone.
bool means_nobody(const std::string& patient) {
  static const std::set<std::string> known = {
      "anonymous", "anonymized",   "anonymised", "anonymize",  "anon",        "none",
      "null",      "unknown",      "n/a",        "na",         "nobody",      "test",
      "patient",   "deidentified", "removed",    "no id",      "noid",        "de-identified",
      "undefined", "unnamed",      "no name",    "noname",     "dummy",       "redacted",
      "masked",    "hidden",       "deleted",    "default",    "id",          "patientid",
      "subject",   "john doe",     "doe^john",   "patient id", "unspecified", "not available"};
  std::string lower = patient;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool says_nothing = std::all_of(
      lower.begin(), lower.end(), [](unsigned char c) { return c == '0' || c == 'x' || std::ispunct(c); });
  return known.contains(lower) || says_nothing;
}

struct Tally {
  std::size_t images = 0;
  std::map<int, std::size_t> labels;  // images of each
};

std::map<std::string, Tally> tally_of(const std::vector<SubjectClues>& images,
                                      const std::vector<std::optional<Clue>>& clues) {
  std::map<std::string, Tally> tallies;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!clues[i]) continue;
    Tally& tally = tallies[clues[i]->subject];
    ++tally.images;
    ++tally.labels[images[i].label];
  }
  return tallies;
}

class Finder {
 public:
  explicit Finder(const std::vector<SubjectClues>& images) : images_(images), clues_(images.size()) {
    for (const SubjectClues& image : images) ++images_of_[image.label];
  }

  Subjects run() {
    take_patients();
    take_names();
    return finish();
  }

 private:
  constexpr static double kMost = 0.8, kHalf = 0.5;
  constexpr static double kBothByPatientId = 0.1, kBothByName = 0.25;  // of all images, with both classes
  constexpr static std::size_t kFew = 8;                               // images, of which shares say nothing

  double share_of(const Tally& tally) const {
    return static_cast<double>(tally.images) / static_cast<double>(images_.size());
  }

  // The id of nearly every image of a class, or of many of both.
  bool is_shared(const Tally& tally, double most_of_both) const {
    if (tally.images < 2 || images_.size() < kFew) return false;
    if (tally.labels.size() > 1 && share_of(tally) > most_of_both) return true;
    return std::any_of(tally.labels.begin(), tally.labels.end(), [&](const auto& of_label) {
      const std::size_t all = images_of_.at(of_label.first), mine = of_label.second;
      if (2 * all >= kFew && mine == all) return true;
      return all >= kFew && static_cast<double>(mine) >= kMost * static_cast<double>(all);
    });
  }

  std::string shared_text(const std::string& subject, const Tally& tally) const {
    return fmt::format("'{}' is shared by {} of {}{}", subject, tally.images, counted(images_.size(), "file"),
                       tally.labels.size() > 1 ? ", of both classes" : "");
  }

  void take_patients() {
    std::vector<std::optional<Clue>> found(images_.size());
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (!images_[i].patient.empty()) found[i] = Clue{images_[i].patient, kPatientId};
    std::size_t nobody = 0;
    std::string example;
    std::set<std::string> nobodies;
    for (const auto& [patient, tally] : tally_of(images_, found)) {
      const bool most = tally.images > 1 && share_of(tally) >= kMost;
      if (!means_nobody(patient) && !most && !is_shared(tally, kBothByPatientId)) continue;
      nobody += tally.images;
      if (example.empty()) example = shared_text(patient, tally);
      nobodies.insert(patient);
    }
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (found[i] && !nobodies.contains(found[i]->subject)) clues_[i] = found[i];
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
      found[i] = subject_by_table(images_[i].name);
      if (!found[i]) found[i] = subject_by_folder(images_[i].name);
    }
    take_originals_of_copies(found);
    take_folders_before_numbers(found);
    qualify_by_class(found);
    std::size_t nobody = 0;
    std::string example;
    std::set<std::string> nobodies;
    for (const auto& [subject, tally] : tally_of(images_, found)) {
      // A year, a series, a fold: not a patient.
      const bool most = images_.size() >= kFew && share_of(tally) > kHalf;
      // Of few images one patient may well have a quarter, of both classes.
      if (!most && (images_.size() < 2 * kFew || !is_shared(tally, kBothByName))) continue;
      nobody += tally.images;
      if (example.empty()) example = shared_text(subject, tally);
      nobodies.insert(subject);
    }
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (found[i] && !nobodies.contains(found[i]->subject)) clues_[i] = found[i];
    if (nobody > 0)
      lines_.push_back(fmt::format(
          "subjects: in names {}: no person's; {} are their own; --subject REGEX finds ids in paths", example,
          counted(nobody, "image")));
  }

  // "0017.png" beside "0017_1.png" and "0017_flip.png".
  void take_originals_of_copies(std::vector<std::optional<Clue>>& found) const {
    std::map<std::string, Clue> known;
    for (const auto& clue : found)
      if (clue) known.emplace(clue->subject, *clue);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] || clues_[i]) continue;
      const auto copies = known.find(std::filesystem::path(images_[i].name).stem().string());
      if (copies != known.end()) found[i] = copies->second;
    }
  }

  // "00055/3_frontal.png": the folder is the patient when its files' numbers begin anew in each, or are its
  // own and few; a folder of many patients ("site2/00013_001.png") is none.
  void take_folders_before_numbers(std::vector<std::optional<Clue>>& found) const {
    constexpr std::size_t kFewFolders = 4, kMostInOne = 16;
    std::map<std::string, std::set<std::string>> folders_of;  // each number's
    std::set<std::string> folders;
    std::vector<std::optional<Clue>> by_folder(found.size());
    std::size_t both = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i] || !found[i]->is_number) continue;
      by_folder[i] = subject_by_folder(images_[i].name);
      if (!by_folder[i]) return;  // some lie elsewhere
      folders.insert(by_folder[i]->subject);
      folders_of[found[i]->subject].insert(by_folder[i]->subject);
      ++both;
    }
    const auto recurring = static_cast<std::size_t>(std::count_if(
        folders_of.begin(), folders_of.end(), [](const auto& number) { return number.second.size() > 1; }));
    const bool anew = 2 * recurring > folders_of.size() && folders.size() > folders_of.size();
    const bool own = recurring == 0 && folders.size() >= kFewFolders && both <= kMostInOne * folders.size();
    if (!anew && !own) return;
    for (std::size_t i = 0; i < found.size(); ++i)
      if (by_folder[i]) found[i] = by_folder[i];
  }

  // Ids out of names that begin anew in each class: most of the class with fewer are the other's, too, and so
  // are the numbers of their images. A set that numbers its patients once gives no two images one number.
  void qualify_by_class(std::vector<std::optional<Clue>>& found) {
    std::map<std::string, std::map<int, std::map<std::string, std::set<std::string>>>> by_convention;
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (found[i])
        by_convention[found[i]->convention][images_[i].label][found[i]->subject].insert(
            image_numbers(images_[i].name, found[i]->subject));
    for (const auto& [convention, by_label] : by_convention) {
      if (by_label.size() != 2) continue;
      const auto &a = by_label.begin()->second, &b = by_label.rbegin()->second;
      std::size_t shared = 0, colliding = 0;
      for (const auto& [id, numbers] : a) {
        const auto other = b.find(id);
        if (other == b.end()) continue;
        ++shared;
        colliding += std::any_of(numbers.begin(), numbers.end(),
                                 [&](const std::string& one) { return other->second.contains(one); });
      }
      if (shared < 2 || 2 * shared <= std::min(a.size(), b.size()) || 2 * colliding <= shared) continue;
      for (std::size_t i = 0; i < images_.size(); ++i)
        if (found[i] && found[i]->convention == convention)
          found[i]->subject = fmt::format("{}:{}", images_[i].label, found[i]->subject);
      lines_.push_back(
          fmt::format("subjects: {}: ids begin anew in each class, and are told apart by it", convention));
    }
  }

  void note_both_classes(const Subjects& subjects) {
    std::map<std::string, std::set<int>> labels;
    for (std::size_t i = 0; i < images_.size(); ++i) labels[subjects.of_image[i]].insert(images_[i].label);
    std::size_t both = 0;
    std::string example;
    for (const auto& [subject, seen] : labels) {
      if (seen.size() < 2) continue;
      if (both++ == 0) example = subject;
    }
    if (both > 0)
      lines_.push_back(
          fmt::format("subjects: {} of them {} images of both classes, e.g. '{}'; each stays in "
                      "one split where splits are made",
                      both, both == 1 ? "has" : "have", example));
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
    note_both_classes(subjects);
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
  std::map<int, std::size_t> images_of_;  // each class
  std::vector<std::optional<Clue>> clues_;
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
    const std::string subject = std::regex_search(image.name, match, pattern) ? first_group(match) : "";
    const bool fits = !subject.empty();  // "" would be one person on all images
    subjects.of_image.push_back(fits ? subject : image.name);
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
  const std::optional<Clue> clue = subject_by_table(name);
  return clue ? clue->subject : name;
}

void check_subject_pattern(const std::string& pattern) {
  if (!pattern.empty() && pattern != "image") pattern_of(pattern);
}

}  // namespace dsx::data
