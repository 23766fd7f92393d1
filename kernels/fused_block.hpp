// Convolution, ReLU and 2x2 downsampling in one pass over the image: our own kernel, not oneDNN's. It is
// vectorized along the row, so that a convolution with few channels fills the vector lanes, and pools in
// registers, so that the convolution's output is never stored. That is what an operator costs when it is done
// right; the layer-by-layer primitives stay the study's reference. fused_block_simd.cpp holds the arithmetic.
//
// f32, inference, nchw: src [N, C, H, W] -> dst [N, OC, floor(CH / 2), floor(CW / 2)] after pooling, or [N,
// OC, CH, CW] for a convolution with stride 2 and nothing after it.
#pragma once

#include <optional>
#include <string>

#include "kernels/conv.hpp"
#include "kernels/kernel.hpp"

namespace dsx {

enum class FusedPool { none, avg, max };

// How `op` (a row of downsample_table()) is fused behind a convolution of this shape; nothing when it cannot
// be: the blurs, slice (whose point is to do the whole convolution's work), padding, depthwise, strides above
// 2, or an image narrower than two vectors.
std::optional<FusedPool> fused_pool_for(const Context& context, const ConvShape& shape,
                                        const std::string& op);

// SRC, WEIGHTS (oihw), BIAS when `bias` -> DST; ReLU included. Each thread takes images, or strips of rows of
// one where there are fewer images than threads; the result does not depend on how many.
Kernel fused_block_forward(const Context& context, const std::string& layer, const ConvShape& shape,
                           FusedPool pool, bool bias);

// "avx3", "avx2": the instruction set that the kernel uses here, within oneDNN's (ONEDNN_MAX_CPU_ISA); "" for
// none.
std::string fused_block_isa();

}  // namespace dsx
