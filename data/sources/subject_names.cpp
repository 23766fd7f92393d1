// Every name takes the first row that fits it.
#include "data/sources/subject_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <functional>
#include <regex>
#include <utility>
#include <vector>

namespace dsx::data {
namespace {

// A day, as dates before or behind an id have it.
constexpr const char* kDay = R"((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))";
// Words before a number that counts something else than patients.
constexpr const char* kNoPatient =
    R"((?:images?|imgs?|batch|fold|part|dir|(?:sub|data)?set|split|site|view|series|study|level|size|v|version|)"
    R"(page|group|mag|magnification|zip|archive|tiff?|bmp|webp|dcm|dicom|)"
    R"(grade|stage|(?:sub)?type|patch(?:es)?|tile|class|label|cent(?:er|re)|hospital|scanner|device|)"
    R"(visit|session|ses|week|day|month|)"
    R"(year|cohort|phase|round|chunk|shard|folder|data|res|png|jpe?g|covid|cxr|x-?rays?))";
constexpr const char* kView = "(?:left|right|l|r|frontal|lateral|pa|ap|cc|mlo|od|os)";

// What a pattern is searched in: the last part without its ending, or all. `number` is the former, where only
// a number's place makes it a patient's; `visit` the same of what also tells the patient in a folder's name.
enum class Where { file, path, number, visit };

struct Convention {
  const char* name;  // as the line says it
  Where where;
  const char* pattern;  // its first group that matches is the subject
};
// Of public sets as their publishers name them, the more special ones first. Behind what tells the subject
// anything may follow that makes a copy of an image: " (1)", "_flipped", ".png".
// {DAY}, {NO_PATIENT} and {VIEW} stand for those above.
constexpr Convention kConventions[] = {
    {"personN_ (file names)", Where::file, R"(^(person\d+)_)"},
    {"IM-N-N (file names)", Where::file, R"(^((?:NORMAL2-)?IM-\d+)-)"},
    {"N_IM-N-N (file names)", Where::file, R"(^((?:CXR)?\d+)_IM-\d+)"},
    {"MIDRC-RICORD-X-N-N (names)", Where::path, R"((?:^|/)(MIDRC-RICORD-\w+-\d+-\d+))"},
    {"pN_sN (file names)", Where::file, R"(^(p\d{5,})[_-]s\d+)"},
    {"CLASS-PATIENT-NUMBER (file names)", Where::file,
     R"(^(?:COVID-19|(?!COVID-19-)[A-Za-z][A-Za-z0-9 ]*)-(\d+)-\d+(?:[ _(.].*)?$)"},
    {"CXR_N_LABEL (file names)", Where::file, R"(^((?:MCU|CHN)CXR_\d+)_[01](?:[ _(.].*)?$)"},
    {"patient folders", Where::path,
     R"((?:^|/)((?:patient|participant|subject|subj|case|pat|sub|pid|person)(?:[-_ ][A-Za-z]*|[A-Za-z]?)\d+)/)"},
    {"patient folders", Where::path, R"((?:^|/)(p\d{5,}|LIDC-IDRI-\d+|TCGA(?:-\w+){2}|\d{3}_S_\d{4})/)"},
    {"BraTSN_X_N (names)", Where::path, R"((?:^|/)(BraTS\d+_[A-Za-z0-9]+_[A-Za-z0-9]+|BraTS-[A-Za-z]+-\d+))"},
    {"sub-X (file names)", Where::file, R"(^(sub-[A-Za-z0-9]+)(?:[_.].*)?$)"},
    {"patientN_ (file names)", Where::file,
     R"(^((?:patient|participant|subject|subj|case|pat|sub|pid|pt|mrn)[-_ =]?[A-Za-z]?\d+)(?:[-_ (.].*)?$)"},
    {"X_patientN (file names)", Where::file,
     R"((?:^|[-_ .])((?:patient|participant|subject|subj|case|pat|sub|pid|pt|mrn|person)(?:_?id)?[-_ =]?)"
     R"([A-Za-z]?\d+)(?:[-_ (.].*)?$)"},
    {"CNPNthin (file names)", Where::file, R"(^(C\d+P\d+)(?:N?thin|reading))"},
    {"TCGA-X-N (file names)", Where::file, R"(^(TCGA(?:-\w+){2})\b)"},
    {"N_S_N (file names)", Where::file, R"((?:^|_)(\d{3}_S_\d{4})(?:_|$))"},
    {"OASN_N (file names)", Where::file, R"(^(OAS\d_\d{4,})_)"},
    {"P_N_SIDE (file names)", Where::path, R"((?:^|[/_])(P_\d{5})_(?:LEFT|RIGHT))"},
    {"N_PATIENT_MG (file names)", Where::file, R"(^\d+_([0-9a-f]{16})_MG_)"},
    {"SOB_X-PATIENT-N (file names)", Where::file, R"(^SOB_[BM]_[A-Z]+-(\d+-[0-9A-Z]+)-\d+-\d+)"},
    {"HASH_X (file names)", Where::file,
     R"(^([0-9a-f]{16,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[-_ (.].+$)"},
    {"studyN_ (file names)", Where::number, R"(^(study[-_ ]?\d{3,})(?:[-_ (.].*)?$)"},
    {"N_N_N_N (names)", Where::visit, R"(^(\d{6})_\d\d_\d\d(?:[_.].*)?$)"},
    {"DATE_NUMBER (file names)", Where::visit, R"(^{DAY}[_-](\d{5,})(?:[-_ (.].*)?$)"},
    {"NUMBER_DATE (file names)", Where::visit, R"(^(\d+)[_-](?:19|20)\d\d-\d\d-\d\d(?:[ _(.].*)?$)"},
    {"NUMBER_NNN (file names)", Where::number, R"(^(?!{DAY}[_-])(\d+)[_-]\d+(?:[ _(.].*)?$)"},
    {"NUMBER_VIEW (file names)", Where::visit, R"(^([A-Za-z]*\d+)[_-]{VIEW}(?:[-_ (.].*)?$)"},
    {"NUMBERL, NUMBERR (file names)", Where::number,
     R"(^(\d{5,}|[A-Za-z]+_?\d{2,})(?:OD|OS|[LR])(?:[-_ (.].*)?$)"},
    {"PN_N (file names)", Where::number, R"(^((?:s|p|pt|id)\d+)[-_]\d+(?:[ _(.].*)?$)"},
    {"ID_N_X (file names)", Where::number, R"(^(id[-_]\d+)[-_ ].+$)"},
    {"CLASS_PATIENT_VIEW (file names)", Where::number,
     R"(^[A-Za-z][A-Za-z ]*[-_](?!{DAY}[_-])(p?\d+)[-_]{VIEW}(?:[-_ (.].*)?$)"},
    {"CLASS_PN_N (file names)", Where::number, R"(^[A-Za-z][A-Za-z0-9 ]*[-_](p\d+)[-_].+$)"},
    {"CLASS_PATIENT_NUMBER (file names)", Where::number,
     R"(^(?!(?:IMG|DSC|PXL)_)[A-Za-z][A-Za-z ]*_(?!{DAY}[_-])(\d+)(?:_\d+)+(?:[ (.].*)?$)"},
    {"XN_N (file names)", Where::number,
     R"(^(?!{NO_PATIENT}[-_ ]?\d)(?![A-Za-z]+[-_ ]{DAY}[-_ ])([A-Za-z]+\d?[-_ ]?\d{2,})[-_ ]\d+(?:[-_ (.].*)?$)"},
    {"NUMBER_X (file names)", Where::number,
     R"(^(?!{DAY}[_-])(?![0-9a-f]{8}-[0-9a-f]{4}-)(\d{3,})[-_ ].*[A-Za-z].*$)"}};

// A folder of one patient has an id; these have numbers for other reasons.
constexpr const char* kPatientFolder =
    R"(^(?!{NO_PATIENT}[-_ ]?\d*(?:px)?$|{DAY}$|(?:19|20)\d\d(?:[-_.]\d\d?){0,2}$|(?:\d\d?[-_.]){1,2}(?:19|20)\d\d$|)"
    R"(\d+x\d*$|\d+(?:mm|px|[dt])$|t[12][a-z]*(?:[-_ +].*)?$|b(?:0|\d*00)$)[^/]*\d[^/]*$)";
// Where no folder of a patient is above it.
constexpr const char* kStudyFolder = R"(^study[-_ ]?\d{3,}$)";
// "x_png.rf.0123...", "A_original_x.png_0123...": as Roboflow and Augmentor write an image, once for each
// augmentation.
constexpr const char* kExported =
    R"(^(?:.+_original_)?(.+)[_.](?:jpe?g|png|bmp|tiff?|webp)(?:\.rf\.[0-9a-f]{8,}|_[-0-9a-f]{32,36})$)";

std::regex regex_of(std::string pattern) {
  for (const auto& [word, meaning] :
       {std::pair{"{DAY}", kDay}, std::pair{"{NO_PATIENT}", kNoPatient}, std::pair{"{VIEW}", kView}})
    if (const std::size_t at = pattern.find(word); at != std::string::npos)
      pattern.replace(at, std::strlen(word), meaning);
  return std::regex(pattern, std::regex::icase | std::regex::optimize);
}

const std::regex& compiled(std::size_t row) {
  static const std::vector<std::regex> all = [] {
    std::vector<std::regex> patterns;
    for (const Convention& convention : kConventions) patterns.push_back(regex_of(convention.pattern));
    return patterns;
  }();
  return all[row];
}

std::string stem_of(const std::string& name) {
  const std::size_t slash = name.find_last_of('/');
  const std::string base = slash == std::string::npos ? name : name.substr(slash + 1);
  const std::size_t dot = base.find_last_of('.');
  return dot == std::string::npos || dot == 0 ? base : base.substr(0, dot);
}

std::vector<std::string> folders_of(const std::string& name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0, slash = 0; (slash = name.find('/', at)) != std::string::npos; at = slash + 1)
    parts.push_back(name.substr(at, slash - at));
  return parts;
}

// The first that matched, which a pattern's choice leaves empty otherwise.
std::string group_found(const std::smatch& match) {
  std::size_t i = 1;
  while (i + 1 < match.size() && match[i].length() == 0) ++i;
  return match[i].str();
}

// Of a folder for each visit or view ("patient_004_node_4", "000001_02_01"): the patient; else its name.
std::string patient_in_folder(const std::string& folder) {
  std::smatch match;
  for (std::size_t row = 0; row < std::size(kConventions); ++row) {
    const Where where = kConventions[row].where;
    if (where != Where::file && where != Where::visit) continue;
    if (std::regex_search(folder, match, compiled(row))) return group_found(match);
  }
  return folder;
}

// How many folders lead to what is in a class.
std::size_t class_depth(const std::vector<std::string>& folders) {
  static const std::regex split("^(train|training|val|valid|validation|dev|test|testing)$",
                                std::regex::icase);
  return !folders.empty() && std::regex_match(folders[0], split) ? 2 : 1;
}

}  // namespace

std::optional<NameClue> subject_by_table(const std::string& name) {
  static const std::regex exported(kExported, std::regex::icase);
  std::string stem = stem_of(name);
  std::smatch match;
  const bool is_exported = std::regex_match(stem, match, exported);
  if (is_exported) stem = match[1].str();
  for (std::size_t row = 0; row < std::size(kConventions); ++row) {
    const Where where = kConventions[row].where;
    if (!std::regex_search(where == Where::path ? name : stem, match, compiled(row))) continue;
    return NameClue{group_found(match), kConventions[row].name,
                    where == Where::number || where == Where::visit};
  }
  if (is_exported) return NameClue{stem, "copies of NAME (file names)"};
  return std::nullopt;
}

std::optional<NameClue> subject_by_folder(const std::string& name) {
  static const std::regex patient = regex_of(kPatientFolder), study = regex_of(kStudyFolder);
  const std::vector<std::string> folders = folders_of(name);
  for (const std::regex& pattern : {std::cref(patient), std::cref(study)})
    for (std::size_t i = class_depth(folders); i < folders.size(); ++i)
      if (std::regex_match(folders[i], pattern))
        return NameClue{patient_in_folder(folders[i]), "folders below the classes'"};
  return std::nullopt;
}

std::string image_numbers(const std::string& name, const std::string& subject) {
  std::size_t start = 0;
  const std::vector<std::string> folders = folders_of(name);
  for (std::size_t i = 0; i < std::min(class_depth(folders), folders.size()); ++i)
    start += folders[i].size() + 1;
  const std::size_t found = name.find(subject, start);
  if (found != std::string::npos) start = found + subject.size();
  std::string numbers;
  for (std::size_t at = start; at < name.size(); ++at) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(name[at])) != 0;
    if (is_digit)
      numbers += name[at];
    else if (!numbers.empty() && numbers.back() != '-')
      numbers += '-';
  }
  return numbers;
}

}  // namespace dsx::data
