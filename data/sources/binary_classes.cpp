// A dozen names at most, usually two.
#include "data/sources/binary_classes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <sstream>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"

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

std::vector<std::string> words_in(const std::string& name) {
  std::vector<std::string> words(1);
  char before = ' ';
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    const bool hump = std::isupper(letter) != 0 && std::islower(static_cast<unsigned char>(before)) != 0;
    if ((std::isalnum(letter) == 0 || hump) && !words.back().empty()) words.emplace_back();
    if (std::isalnum(letter) != 0) words.back() += static_cast<char>(std::tolower(letter));
    before = c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

constexpr const char* kNegators[] = {"non", "no", "not", "without", "un"};
constexpr const char* kNegatives[] = {"negative", "neg",      "normal", "healthy",
                                      "control",  "controls", "absent", "benign"};

// Does a name say that something is not there: "NORMAL", "no finding", "nonCOVID" beside "COVID"? A negated
// negative
// ("not normal") does not.
bool is_negated(const std::string& name, const std::string& other) {
  const std::vector<std::string> words = words_in(name), others = words_in(other);
  bool negative = false, negated = false;
  for (const std::string& word : words) {
    negative |= std::find(std::begin(kNegatives), std::end(kNegatives), word) != std::end(kNegatives);
    for (const std::string negator : kNegators) {
      // A word of its own, or written in one with what the other class is called.
      const bool joined = word.starts_with(negator) && std::find(others.begin(), others.end(),
                                                                 word.substr(negator.size())) != others.end();
      if (joined || (word == negator && negator != "un")) {
        negated = !negated;
        break;
      }
    }
  }
  return negative != negated;
}

}  // namespace

std::string polarity_text(const std::vector<std::string>& class_names) {
  return class_names.size() == 2
             ? fmt::format("positive class: {}; negative: {}", class_names[1], class_names[0])
             : "";
}

BinaryClasses binary_classes(const std::vector<std::string>& classes, const std::string& positive,
                             const std::string& where) {
  const std::vector<std::string> chosen = words_of(positive);
  if (positive.empty() ? classes.size() != 2 : chosen.empty())
    throw DataError(fmt::format(
        "{}: has {} ({}), and a study needs two{}", where, counted(classes.size(), "class", "classes"),
        listed(classes),
        classes.size() < 2 ? ""
                           : fmt::format(": say which are positive, e.g. --positive {}", classes.back())));
  for (const std::string& name : chosen)
    if (std::find(classes.begin(), classes.end(), name) == classes.end())
      throw DataError(
          fmt::format("{}: --positive {}: no such class; it has {}", where, name, listed(classes)));
  BinaryClasses result;
  std::vector<std::string> sides[2];
  const bool second_is_negative =
      positive.empty() && is_negated(classes[1], classes[0]) && !is_negated(classes[0], classes[1]);
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
