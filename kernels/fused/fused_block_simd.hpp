// What the vector arithmetic of fused_block.cpp is given, and what it asks of the machine: compiled once per
// instruction set by Google Highway and chosen when the program runs. The arithmetic itself is an operator's
// (fused_pool.hpp).
#pragma once

#include <cstddef>

#include "kernels/onednn/prefetch.hpp"

namespace dsx::fused {

struct FusedBlockArgs {
  // [IC, H, W] of one image; stride 2 with lanes along the row: as deinterleave_rows() leaves it. Of each
  // channel `height` rows are there, of which the first is row `first_row` of the image.
  const float* src = nullptr;
  const float* weights = nullptr;  // [OC / block, IC, K, K, block], zero-padded to whole blocks
  const float* bias = nullptr;     // [OC], zero-padded to whole blocks
  float* dst = nullptr;            // [OC, DH, DW] of one image
  int in_channels = 0, first_row = 0, height = 0, width = 0;
  int out_channels = 0, kernel = 0, stride = 1;
  int conv_width = 0;  // columns of the convolution
  int dst_height = 0, dst_width = 0;
  bool dst_nchw = true;    // lanes across channels: without pooling either order, with pooling nhwc
  kernels::Stretch ahead;  // lanes across channels: brought into the L2 cache meanwhile
};

// Output channels that the kernel computes together for `out_channels`, and floats in a vector; 0 vectors:
// this machine has none that the kernel was written for.
int fused_block_channels(int out_channels);
int fused_block_lanes();
const char* fused_block_target();

// Whether lanes may be output channels: whole vectors of them, a kernel size that was written down. Weights
// are [OC / lanes, IC, K, K, lanes] then.
bool fused_channels_fit(int out_channels, int kernel);

// Each row of `count` rows of `width` floats as its even columns, then its odd ones: [width / 2 rounded
// up][width / 2].
void deinterleave_rows(const float* from, float* to, int width, std::size_t count);

// Highway's choice is made once; call before it. `avx512` false: at most AVX2.
void limit_fused_block_isa(bool avx512, bool avx2);

}  // namespace dsx::fused
