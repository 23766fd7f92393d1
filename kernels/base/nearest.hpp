// "Did you mean ...?": the known word nearest to a mistyped one, for error messages about settings, layers
// and flags.
#pragma once

#include <string>
#include <vector>

namespace dsx {

// Levenshtein distance; empty when nothing is within a third of the word's length (at least 2, but never more
// than half of it: what shares no letter is no slip of the finger).
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

}  // namespace dsx
