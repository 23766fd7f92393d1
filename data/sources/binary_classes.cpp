// A dozen names at most, usually two.
#include "data/sources/binary_classes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include "data/sources/name_words.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data {
namespace {

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::stringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) {
    const std::size_t first = word.find_first_not_of(' ');
    if (first != std::string::npos)
      words.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
  }
  return words;
}

// "0, 1, 2" or the first dozen of them.
std::string listed(const std::vector<std::string>& classes) {
  const std::size_t shown = std::min<std::size_t>(classes.size(), 12);
  return fmt::format("{}{}", fmt::join(std::span(classes).first(shown), ", "),
                     shown < classes.size() ? ", ..." : "");
}

// Longer ones first: "not" begins with "no".
constexpr std::string_view kNegators[] = {"without", "nicht", "senza", "never", "not", "non",
                                          "pas",     "no",    "un",    "ab",    "wo",  "zero"};
// Words for nobody ill, or nothing found.
constexpr std::string_view kNegatives[] = {
    "negative",     "neg",      "negatives", "normal",   "normals",  "healthy",   "control",  "controls",
    "ctrl",         "ctl",      "hc",        "cn",       "nc",       "absent",    "absence",  "none",
    "unremarkable", "wnl",      "nein",      "false",    "lacking",  "sans",      "ohne",     "kein",
    "asymptomatic", "gesund",   "sano",      "sain",     "sin",      "good",      "ok",       "well",
    "alive",        "nln",      "intact",    "survived", "survivor", "survivors", "excluded", "normality",
    "normale",      "normales", "normaux",   "nilm"};
// Signs and letters say so only beside each other, alone or behind the same name: negative, positive.
constexpr std::pair<std::string_view, std::string_view> kOpposites[] = {
    {"n", "p"}, {"n", "y"}, {"f", "t"}, {"-", "+"}};
// Negative only beside what is worse: beside "normal" they are the finding.
constexpr std::string_view kMildWords[] = {
    "benign",  "mild",      "low",   "nevus", "nevi",   "naevus", "stable", "background", "regular",
    "typical", "symmetric", "sinus", "pass",  "passed", "other",  "others", "rest"};
// What is negated in one word: "nofinding", "notumor", "uninfected", "nonCOVID" beside classes of other
// names.
constexpr std::string_view kFindings[] = {
    "finding",   "findings", "tumor",        "tumour",       "tumors",      "disease",   "diseased",
    "lesion",    "lesions",  "nodule",       "nodules",      "mass",        "cancer",    "pneumonia",
    "covid",     "covid19",  "tb",           "tuberculosis", "effusion",    "fracture",  "opacity",
    "edema",     "oedema",   "pneumothorax", "infection",    "infected",    "affected",  "abnormal",
    "defect",    "stroke",   "hemorrhage",   "haemorrhage",  "mask",        "malignant", "positive",
    "pathology", "event",    "bleeding",     "cardiomegaly", "abnormality", "dr",        "glaucoma",
    "sick",      "ill",      "case"};

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// The negator that a word is, or begins with where what follows is a finding, a negative word, or what the
// other class is called; "" for none.
std::string_view negator_in(const std::string& word, const std::vector<std::string>& others) {
  for (const std::string_view negator : kNegators) {
    if (word == negator) return negator;
    if (!word.starts_with(negator) || word.size() == negator.size()) continue;
    const std::string rest = word.substr(negator.size());
    if (is_one_of(kFindings, rest) || is_one_of(kNegatives, rest) ||
        std::find(others.begin(), others.end(), rest) != others.end())
      return negator;
  }
  return "";
}

// Does a name say that something is not there: 2 for "NORMAL", "no finding", "nonCOVID" beside "COVID"; 1 for
// "benign"; 0 else. A negated negative ("not normal", "unhealthy") does not.
int negativity(const std::string& name, const std::string& other) {
  const std::vector<std::string> words = words_in(name), others = words_in(other);
  bool negative = false, negated = false, mild = false;
  for (const std::string& word : words) {
    mild |= is_one_of(kMildWords, word);
    if (is_one_of(kNegatives, word) || (word == "free" && &word == &words.back())) {
      negative = true;
      continue;
    }
    const std::string_view negator = negator_in(word, others);
    if (negator.empty()) continue;
    const std::string_view rest = std::string_view(word).substr(negator.size());
    negated = !negated;
    negative |= !rest.empty() && is_one_of(kNegatives, rest);
  }
  return negative != negated ? 2 : mild && !negated ? 1 : 0;
}

bool is_opposite(const std::string& negative, const std::string& positive) {
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    text.resize(text.find_last_not_of(")] ") + 1);  // "COVID(-)"
    return text;
  };
  const std::string a = lower(negative), b = lower(positive);
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto same = static_cast<std::size_t>(differ.first - a.begin());
  const std::string_view end_a = std::string_view(a).substr(same), end_b = std::string_view(b).substr(same);
  const bool whole_word = same == 0 || std::isalnum(static_cast<unsigned char>(a[same - 1])) == 0;
  return std::any_of(std::begin(kOpposites), std::end(kOpposites), [&](const auto& known) {
    return known.first == end_a && known.second == end_b && (whole_word || known.first == "-");
  });
}

// All that no name negates, where one does; else the last.
std::string suggestion(const std::vector<std::string>& classes) {
  constexpr std::size_t kMany = 6;
  std::vector<std::string> rest;
  for (const std::string& name : classes)
    if (negativity(name, "") < 2) rest.push_back(name);
  const bool few = classes.size() <= kMany && !rest.empty() && rest.size() < classes.size();
  return few ? fmt::format("{}", fmt::join(rest, ",")) : classes.back();
}

}  // namespace

std::string polarity_text(const std::vector<std::string>& class_names) {
  return class_names.size() == 2 ? fmt::format("positive class: {}; negative: {}", one_line(class_names[1]),
                                               one_line(class_names[0]))
                                 : "";
}

BinaryClasses binary_classes(const std::vector<std::string>& classes, const std::string& positive,
                             const std::string& where) {
  const std::vector<std::string> chosen = words_of(positive);
  if (positive.empty() ? classes.size() != 2 : chosen.empty())
    throw DataError(fmt::format(
        "{}: has {} ({}), and a study needs two{}", where, counted(classes.size(), "class", "classes"),
        listed(classes),
        classes.size() < 2 ? "" : ": say which are positive, e.g. --positive " + suggestion(classes)));
  for (const std::string& name : chosen)
    if (std::find(classes.begin(), classes.end(), name) == classes.end())
      throw DataError(
          fmt::format("{}: --positive {}: no such class; it has {}", where, name, listed(classes)));
  BinaryClasses result;
  std::vector<std::string> sides[2];
  const bool second_is_negative =
      positive.empty() && (negativity(classes[1], classes[0]) > negativity(classes[0], classes[1]) ||
                           is_opposite(classes[1], classes[0]));
  for (const std::string& name : classes) {
    const bool is_positive = positive.empty() ? (name == classes.back()) != second_is_negative
                                              : std::find(chosen.begin(), chosen.end(), name) != chosen.end();
    result.label[name] = is_positive ? 1 : 0;
    sides[is_positive ? 1 : 0].push_back(name);
  }
  if (sides[0].empty())
    throw DataError(fmt::format("{}: --positive {}: leaves no class that is negative", where, positive));
  for (const auto& side : sides)
    result.names.push_back(side.size() > 4 ? "other" : fmt::format("{}", fmt::join(side, "+")));
  if (result.names[0] == result.names[1]) result.names[1] = "positive";
  return result;
}

}  // namespace dsx::data
