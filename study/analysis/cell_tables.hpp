// What was trained on what, epoch by epoch, and the curves: facts without intervals.
#pragma once

#include <string>

#include "study/analysis/analysis.hpp"

namespace dsx::analysis {

std::string data_text(const Cell& cell);   // the data set, one line
void add_cell_tables(Analysis& analysis);  // cells, images, epochs, variants, test_images
void add_curves(Analysis& analysis);

}  // namespace dsx::analysis
