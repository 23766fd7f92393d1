// Batch normalization over [N, C, H, W] per channel, with scale and shift:
//   dst = (src - mean) / sqrt(variance + eps) * scale + shift        (Ioffe & Szegedy 2015)
// Training uses the batch's biased variance, as PyTorch does; inference uses the running statistics.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// inference: SRC, MEAN, VARIANCE, SCALE, SHIFT -> DST; training: SRC, SCALE, SHIFT -> DST, MEAN, VARIANCE
Kernel batch_norm_forward(const Context& context, const std::string& layer, const dnnl::memory::desc& md,
                          double eps, Pass pass);
// SRC, MEAN, VARIANCE, DIFF_DST, SCALE -> DIFF_SRC, DIFF_SCALE, DIFF_SHIFT
Kernel batch_norm_backward(const Context& context, const std::string& layer, const dnnl::memory::desc& md,
                           double eps);

// running = (1 - momentum) * running + momentum * batch, with the unbiased batch variance (PyTorch's
// definition). SRC_0 batch mean, SRC_1 batch variance -> DST_0 running mean, DST_1 running variance (read and
// written).
inline constexpr int kArgRunningMean = DNNL_ARG_MULTIPLE_DST;
inline constexpr int kArgRunningVariance = DNNL_ARG_MULTIPLE_DST + 1;
Kernel batch_norm_update_running(int channels, double count, double momentum);

}  // namespace dsx::kernels
