// The guess: the known word of which the largest share of letters occurs, in order, in the word given.
#include "study/suggestion.hpp"

#include <algorithm>

#include "kernels/nearest.hpp"

namespace dsx {
namespace {

// Length of the longest common subsequence.
std::size_t common_letters(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const char letter : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = letter == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& words,
                         const std::string& prefix) {
  std::string best = nearest_word(word, words);
  double best_share = -1;
  if (best.empty()) {
    for (const std::string& candidate : words) {
      const double share =
          static_cast<double>(common_letters(word, candidate)) / static_cast<double>(candidate.size());
      if (share < best_share || (share == best_share && candidate.size() <= best.size())) continue;
      best_share = share;
      best = candidate;
    }
  }
  return best.empty() ? "" : "; did you mean '" + prefix + best + "'?";
}

}  // namespace dsx
