// The vector arithmetic for blocks with many output channels: lanes are channels, so that no column of the
// image is computed twice and pooling needs no shuffle. Compiled once per instruction set by
// Google Highway; fused_block_simd.hpp has the arguments, and the kernel for few channels.
#pragma once

#include "kernels/fused/fused_block_simd.hpp"

namespace dsx::fused {

// Whether the kernel was written for this shape: whole vectors of output channels, a kernel size it knows.
bool fused_channels_fit(int out_channels, int kernel);
// Output channels in a vector; weights are [OC / lanes, IC, K, K, lanes].
int fused_channels_lanes();

// Rows [begin, end) of dst, which is [DH, DW, OC], or [OC, DH, DW] for args.dst_nchw.
void fused_channels_rows(const FusedBlockArgs& args, int begin, int end);

}  // namespace dsx::fused
