// The guess: the longest known word that a word given is made of ("batch" in "batch_size"), or whose letters
// are its initials.
#include "study/cli/suggestion.hpp"

#include "kernels/base/nearest.hpp"

namespace dsx::cli {
namespace {

// lr in learning_rate, and in lrate, which begins with it.
bool abbreviates(const std::string& part, const std::string& word) {
  std::string initials;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (i == 0 || word[i - 1] == '_' || word[i - 1] == '-') initials += word[i];
  return initials == part;
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
