// How well the best checkpoints do on each split, and how far the splits lie apart.
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

void add_generalization_figures(Analysis& analysis);
void add_generalization_tables(Analysis& analysis);

}  // namespace dsx::analysis
