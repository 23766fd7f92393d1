// Are the test probabilities true?
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

void add_calibration_figures(Analysis& analysis);
void add_calibration_tables(Analysis& analysis);

}  // namespace dsx::analysis
