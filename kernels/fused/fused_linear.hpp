// A linear layer with many inputs (the study's fc1: 94,864) for training, as kernels of ours: its weights are
// read once per pass, and its backward pass may apply SGD's update at once (sgd_update.hpp), so that their
// gradient, as large as they are, is neither stored nor read again. fused_linear_simd.cpp holds the
// arithmetic.
//
// f32. SRC in plain order [N, I] or [N, C, H, W], read as [N, C * H * W]; weights {O, I} in oneDNN's
// BA16a16b.
#pragma once

#include <memory>
#include <string>

#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/sgd_update.hpp"

namespace dsx::fused {

// Whether `src_md` and the shape suit these kernels: plain order, at least 4,096 inputs, a multiple of 16.
bool fused_linear_suits(const kernels::Context& context, const kernels::InnerProductShape& shape,
                        const dnnl::memory::desc& src_md);

dnnl::memory::desc fused_linear_weights_md(const kernels::InnerProductShape& shape);

// SRC, WEIGHTS, BIAS when `bias` -> DST; ReLU included when `relu`.
kernels::Kernel fused_linear_forward(const kernels::Context& context, const kernels::InnerProductShape& shape,
                                     bool bias, bool relu, const dnnl::memory::desc& src_md);

// SRC, WEIGHTS, DIFF_DST -> DIFF_SRC, DIFF_WEIGHTS, DIFF_BIAS when `bias`; see UpdateSlot for `slot`. Neither
// depends on the number of threads.
kernels::Kernel fused_linear_backward(const kernels::Context& context,
                                      const kernels::InnerProductShape& shape, bool bias,
                                      const dnnl::memory::desc& src_md,
                                      std::shared_ptr<kernels::UpdateSlot> slot);

}  // namespace dsx::fused
