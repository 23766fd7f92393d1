// A cell's best weights run with every operator: all operators share all parameters, so a network trained
// with one can be run with another, and what then changes is the operator's doing alone. The logits behind
// swap_figures.cpp, kept in the cell's folder as swap.h5.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/downsample/power_mean.hpp"
#include "study/analysis/cells.hpp"

namespace dsx::swap {

// What a network is run with: the rows of downsample_table(), in its order, then the power means that are not
// among them.
const std::vector<const downsample::DownsampleOp*>& run_operators();
std::size_t place_of_operator(const std::string& name);  // in run_operators(); std::invalid_argument

struct SwapLogits {
  std::vector<std::vector<float>> val, test;  // [run_operators()][image, in the cell's order]
  std::string not_available;                  // why there are none: the data is not here, no checkpoint, ...
  const std::vector<std::vector<float>>& of(data::Split split) const {
    return split == data::Split::val ? val : test;
  }
};

// One per cell. Runs the networks whose swap.h5 is missing, of other weights or of other operators: each
// batch is read once and goes through all operators. A folder that cannot be written is no error.
std::vector<SwapLogits> swapped_logits(std::span<const analysis::Cell> cells, const std::string& progress);

}  // namespace dsx::swap
