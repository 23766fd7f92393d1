// How often a shift by a few pixels changes the decision, and what it costs in accuracy.
#pragma once

#include <vector>

#include "study/analysis/analysis.hpp"
#include "study/analysis/shift_run.hpp"

namespace dsx::analysis {

// `shifted` by cell.
void add_shift_figures(Analysis& analysis, const std::vector<ShiftLogits>& shifted);
// Without `computed` the tables are there and empty.
void add_shift_tables(Analysis& analysis, bool computed);

}  // namespace dsx::analysis
