// Convolution, ReLU and 2x2 downsampling in one pass over the image: our own kernels, not oneDNN's. They pool
// in registers, so that the convolution's output is never stored. That is what an operator costs when it is
// done right; the layer-by-layer primitives stay the study's reference. With few output channels a kernel is
// vectorized along the row (fused_rows-inl.hpp), with many across the channels (fused_channels-inl.hpp).
//
// Inference. src [N, C, H, W] is f32 nchw; dst is f32, [N, OC, floor(CH / 2), floor(CW / 2)] after pooling or
// [N, OC, CH, CW] for a convolution with stride 2 and nothing after it. A bf16 context rounds the weights to
// bf16; products and sums stay f32, since an f32 multiply-add is as fast here (see README).
//
// With context.algorithm fast or automatic, blocks of 5x5 are computed by fast filters: many output channels
// with dst in nhwc (fast_channels-inl.hpp), few with stride 1 (fast_rows-inl.hpp). Their largest error is up
// to 4 times the direct kernel's, `impl` says "ours:fast:...", and cost.saved_flop what they do without.
// Pairs of rows that read a value which is not finite or beyond 2^50, and all of it with such a weight, are
// left to the direct kernel.
#pragma once

#include <optional>
#include <string>

#include "kernels/fused/fused_pool.hpp"
#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::fused {

// How an operator is fused behind a convolution of this shape; nothing when it cannot be: one that has no
// maker, padding, depthwise, another stride than the operator's, an image narrower than two vectors, or bf16
// where oneDNN has AMX, which nothing here comes near.
std::optional<FusedPool> fused_pool_for(const kernels::Context& context, const kernels::ConvShape& shape,
                                        FusedPoolMaker op);

// [N, OC, DH, DW] of a block.
dnnl::memory::dims fused_dst_dims(const kernels::ConvShape& shape, const FusedPool& pool);

struct FusedBlockOptions {
  FusedPool pool;
  bool bias = true;
  bool may_be_nhwc = false;  // dst, where that is faster: whoever reads it takes either order
};

// SRC, WEIGHTS (oihw), BIAS when `bias` -> DST; ReLU included; `prepare` packs the weights. Threads share
// images, or the rows of one where there are fewer; the result does not depend on how many there are.
kernels::Kernel fused_block_forward(const kernels::Context& context, const std::string& layer,
                                    const kernels::ConvShape& shape, const FusedBlockOptions& options);

// "AVX3", "AVX2": the instruction set that the kernels use here, within oneDNN's (ONEDNN_MAX_CPU_ISA); "" for
// none.
std::string fused_block_isa();

}  // namespace dsx::fused
