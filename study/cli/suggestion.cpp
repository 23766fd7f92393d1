// The guess: the longest known word that a word given is made of ("batch" in "batch_size"), or abbreviates
// to.
#include "study/cli/suggestion.hpp"

#include "kernels/base/nearest.hpp"

namespace dsx::cli {
namespace {

// All letters of `part` occur in `word` in this order, from its first on: lr in learning_rate.
bool abbreviates(const std::string& part, const std::string& word) {
  std::size_t matched = 0;
  for (const char letter : word)
    if (matched < part.size() && part[matched] == letter) ++matched;
  return matched == part.size() && part.front() == word.front();
}

bool related(const std::string& a, const std::string& b) {
  return !a.empty() && !b.empty() && (b.find(a) != std::string::npos || abbreviates(a, b));
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& words,
                         const std::string& prefix) {
  std::string best = nearest_word(word, words);
  if (best.empty())
    for (const std::string& candidate : words)
      if (candidate.size() > best.size() && related(candidate, word)) best = candidate;
  return best.empty() ? ";" : "; did you mean '" + prefix + best + "'?";
}

}  // namespace dsx::cli
