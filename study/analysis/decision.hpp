// What the variants decide on test at thresholds that val froze.
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

void add_decision_figures(Analysis& analysis);
void add_decision_tables(Analysis& analysis);

}  // namespace dsx::analysis
