// "; did you mean '--lr'?" for unknown flags, keys and commands. kernels/base/nearest.hpp finds slips of the
// finger; this adds a guess for words from other programs ("learning_rate" for lr). A word that resembles
// none gets no suggestion: a far-fetched one misleads.
#pragma once

#include <string>
#include <vector>

namespace dsx::cli {

// `prefix` goes in front of the suggested word ("--"). Only ";" when no word is near: the caller goes on with
// where all are listed.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& words,
                         const std::string& prefix = "");

}  // namespace dsx::cli
