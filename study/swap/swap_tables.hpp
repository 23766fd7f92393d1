// The tables and records of swapped operators (docs/comparison_files.md, "Swapped operators").
#pragma once

#include <vector>

#include "study/analysis/analysis.hpp"
#include "study/swap/swap_run.hpp"

namespace dsx::swap {

// All of them: swap, swap_change, swap_parts, swap_dose, swap_dose_slope, swap_control. Without `computed`
// (no figures were added) they are there and empty.
void add_swap_tables(analysis::Analysis& analysis, const std::vector<SwapLogits>& logits, bool computed);

}  // namespace dsx::swap
