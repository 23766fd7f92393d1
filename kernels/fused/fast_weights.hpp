// The weights of a block, transformed for the fast filters (fast_filter.hpp), and what those filters compute.
#pragma once

#include <vector>

#include "kernels/fused/fast_block_simd.hpp"
#include "kernels/fused/fused_train_simd.hpp"
#include "kernels/onednn/context.hpp"

namespace dsx::fused {

// G of each row of a kernel of 5 columns, in double precision: `weights` [OC, IC, 5, 5] to
// [OC / block][sum][5 rows][part, IC][block], fast_filter.hpp's parts. Empty where one of them is beyond
// kFastLimit.
std::vector<float> pack_fast_weights(const FusedBlockArgs& args, int block, const float* weights);

// Whether `algorithm` takes a fast kernel that computes `fast` FLOP where the definition has `direct`:
// automatic does where at most three quarters are left, since a saving of less goes into loads and stores.
bool takes_fast(kernels::Algorithm algorithm, double fast, double direct);

// FLOP of one image of `conv_height` rows of the convolution: products with their sums, and both transforms
// (a multiplication and an addition count one each).
double fast_flop(const FusedBlockArgs& args, int conv_height);

// The same for training, stride 1: of the forward pass, the weights' gradient and the source's.
struct FastTrainFlop {
  double forward, weights, source;
};
FastTrainFlop fast_train_flop(const TrainBlockShape& shape);

}  // namespace dsx::fused
