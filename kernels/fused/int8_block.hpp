// Convolution, ReLU and 2x2 downsampling over 8-bit integers in one pass over the image, inference: our own
// kernels. src [N, IC, H, W] and dst [N, OC, DH, DW] are u8 in nhwc order; sums are exact, and the result is
// bit by bit that of the primitives one after the other (kernels/onednn/int8_weighted.hpp, then the operator
// on u8), whatever the number of threads.
#pragma once

#include <optional>
#include <string>

#include "kernels/fused/fused_pool.hpp"
#include "kernels/fused/int8_layer.hpp"
#include "kernels/onednn/conv.hpp"

namespace dsx::fused {

// How an operator is fused behind an int8 convolution of this shape; nothing when it cannot be: one that has
// no maker, a CPU without such kernels, padding, depthwise, another stride than the operator's, kernel rows
// of fewer than 4 bytes, an image of fewer than 4 columns.
std::optional<FusedPool> int8_pool_for(const kernels::ConvShape& shape, FusedPoolMaker op);

// SRC (u8), WEIGHTS (oihw, f32), BIAS when `bias` -> DST (u8 with `scales.dst`); ReLU included; `prepare`
// quantizes and packs the weights. Threads share images, or the rows of one where there are fewer.
kernels::Kernel int8_block_forward(const kernels::Context& context, const std::string& layer,
                                   const kernels::ConvShape& shape, const FusedPool& pool, bool bias,
                                   const kernels::Int8Scales& scales);

}  // namespace dsx::fused
