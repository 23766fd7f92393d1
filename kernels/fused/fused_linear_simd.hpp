// The vector arithmetic of fused_linear.cpp, compiled once per instruction set by Google Highway. Nothing
// here allocates or shares work out.
//
// Weights [I / 16, O rounded up to 16, 16]: oneDNN's BA16a16b, input features along the lanes.
#pragma once

#include <cstddef>

#include "kernels/onednn/sgd_update.hpp"

namespace dsx::fused {

constexpr int kLinearBlock = 16;  // input features in a block

struct LinearShape {
  int batch = 0, in_features = 0, out_features = 0;  // in_features: a multiple of kLinearBlock
  int blocks() const { return in_features / kLinearBlock; }
  int padded_out() const { return (out_features + kLinearBlock - 1) / kLinearBlock * kLinearBlock; }
};

// Floats of memory that linear_forward_blocks() needs: sums by row and output, and a packed piece of weights.
std::size_t linear_forward_floats(const LinearShape& shape);

// partial [N, O]: what input blocks [begin, end) add to the result.
void linear_forward_blocks(const LinearShape& shape, const float* src, const float* weights, int begin,
                           int end, float* memory, float* partial);

struct LinearBackwardArgs {
  LinearShape shape;
  const float* src = nullptr;       // [N, I]
  const float* diff_dst = nullptr;  // [N, O rounded up to 16], zeros behind O
  float* weights = nullptr;         // only read unless `buffer` is given
  float* diff_src = nullptr;        // [N, I]
  float* diff_weights = nullptr;    // as weights; not touched when `buffer` is given
  float* buffer = nullptr;          // SGD's momentum, as weights: the update is applied
  kernels::SgdRule rule;
};
// For input blocks [begin, end): diff_src from the old weights, then the weights' gradient or their update.
void linear_backward_blocks(const LinearBackwardArgs& args, int begin, int end);

// Input blocks computed together: where work is shared out, at multiples of it.
int linear_blocks_together();
int linear_lanes();

}  // namespace dsx::fused
