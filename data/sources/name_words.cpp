#include "data/sources/name_words.hpp"

#include <cctype>

namespace dsx::data {

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

}  // namespace dsx::data
