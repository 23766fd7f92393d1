// Two sweeps that differ in nothing but how images were resized (--resize): what bilinear sampling, which
// aliases before the operator under study even starts, does to test figures.
#pragma once

#include <vector>

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

// Adds the table `resized`: bilinear minus area of test AUC (metric auc) and AUC's fall from train to test
// (gap), over seeds, for all variants together ("all": their mean in each seed) and for each. Clean labels,
// the most training images, cells that both sweeps have. `other` empty: a table without rows. Throws
// DataError when the sweeps differ in more than --resize, do not differ in it, or share no cell.
void add_resized_table(Analysis& analysis, const std::vector<Cell>& other);

}  // namespace dsx::analysis
