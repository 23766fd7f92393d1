// The words that the original study used of its operators ("smooths", "amplifies", ...), each with what it
// would mean if it were measured: the table mechanism_words, which claims read.
#pragma once

#include "study/analysis/result_table.hpp"
#include "study/mechanism/mechanism.hpp"

namespace dsx::mechanism {

// For each word and measure: a row per variant (variant_b empty), and a row per pair, a - b. `reading` of one
// variant is "yes", "no" or "cannot tell": its interval lies on the side of `no_effect` that the word means,
// on the other, or on both; a measure without a point of no effect has only pairs. Of a pair "more", "less"
// or "cannot tell" of the word is true of a than of b, by p corrected over the pairs (Holm).
analysis::ResultTable words_table(const Mechanism& mechanism);

}  // namespace dsx::mechanism
