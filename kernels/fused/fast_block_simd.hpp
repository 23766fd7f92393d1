// What the fast filters' arithmetic for blocks (fast_channels-inl.hpp, fast_rows-inl.hpp) is given, and what
// it asks of the shape.
#pragma once

#include <cstddef>

#include "kernels/fused/fused_block_simd.hpp"

namespace dsx::fused {

inline constexpr int kFastKernel = 5;
// Source and weights with a larger absolute value, infinite or not a number, take the direct kernel: sums of
// transformed products of smaller ones stay finite up to some 10,000 channels.
inline constexpr float kFastLimit = 0x1p50F;

struct FastBlockArgs {
  FusedBlockArgs direct;           // as for the direct kernel; its bias and sizes are the fast one's too
  const float* weights = nullptr;  // as pack_fast_weights() leaves them; null: all of it by the direct kernel
  float* scratch = nullptr;        // of the thread, fast_scratch() floats
};

// Output channels whose weights lie together; 0: no fast kernel for this shape (`args` without pointers).
// `channel_lanes`: lanes are output channels, else tiles along the row.
int fast_block_channels(const FusedBlockArgs& args, bool channel_lanes);
std::size_t fast_scratch(const FusedBlockArgs& args,
                         bool channel_lanes);  // floats, a multiple of a cache line

}  // namespace dsx::fused
