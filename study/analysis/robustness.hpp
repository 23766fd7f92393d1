// How test figures fall with label noise.
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

void add_robustness_tables(Analysis& analysis);  // change of test figures per unit of noise

}  // namespace dsx::analysis
