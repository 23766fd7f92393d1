// Convolution, ReLU and 2x2 downsampling for training, as kernels of ours: forward keeps one bit for each
// value of the convolution instead of the value, where that is enough, and backward goes from the pooled
// gradient to the gradients of weights, bias and source strip by strip, without ever storing the
// convolution's gradient. fused_train_forward-inl.hpp and fused_train_backward_simd.cpp hold the arithmetic.
//
// f32, nchw; shapes as in fused_block.hpp.
#pragma once

#include <optional>
#include <string>

#include "kernels/fused/fused_block.hpp"

namespace dsx::fused {

// As fused_pool_for(); nothing where only the forward pass is fused: kernels other than 3x3 and 5x5, fewer
// than eight rows, or a stride of 2 over an odd width.
std::optional<FusedPool> fused_train_pool_for(const kernels::Context& context,
                                              const kernels::ConvShape& shape, FusedPoolMaker op);

// SRC, WEIGHTS (oihw), BIAS when `bias` -> DST, WORKSPACE when pooling.
kernels::Kernel fused_block_forward_training(const kernels::Context& context, const std::string& layer,
                                             const kernels::ConvShape& shape, const FusedPool& pool,
                                             bool bias);

// SRC, DIFF_DST, WORKSPACE when pooling and otherwise DST, WEIGHTS with `diff_src` -> DIFF_WEIGHTS, DIFF_BIAS
// when `bias`, DIFF_SRC with `diff_src`. DIFF_DST is the gradient of the block's result. Images are summed in
// their order, so that the gradients do not depend on the number of threads.
kernels::Kernel fused_block_backward(const kernels::Context& context, const std::string& layer,
                                     const kernels::ConvShape& shape, const FusedPool& pool, bool bias,
                                     bool diff_src);

}  // namespace dsx::fused
