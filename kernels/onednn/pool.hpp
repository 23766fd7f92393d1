// Average and max pooling, and adaptive average pooling.
//   dst = floor((src + padding_l + padding_r - kernel) / stride) + 1
// Max pooling writes a workspace (where each maximum came from) only in training.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

enum class PoolKind { max, avg_exclude_padding, avg_include_padding };

struct PoolShape {
  dnnl::memory::dims src, dst;  // N, C, H, W
  dnnl::memory::dims kernel;    // KH, KW
  dnnl::memory::dims stride;    // SH, SW
  dnnl::memory::dims padding_l, padding_r;
};

PoolShape pool_shape(const dnnl::memory::dims& src, int kernel_size, int stride, int padding);
// Output [output_size, output_size]; every window has the same size, so the input must be divisible
// (ConfigError otherwise).
PoolShape adaptive_pool_shape(const dnnl::memory::dims& src, int output_size);

// One operation per element of each window: additions and a multiplication, or comparisons.
double pool_flop(const PoolShape& shape);

// SRC -> DST (and WORKSPACE for max in training). `src_md` is concrete; `dst_md` may be any.
Kernel pool_forward(const Context& context, const std::string& layer, PoolKind kind, const PoolShape& shape,
                    Pass pass, const dnnl::memory::desc& src_md, const dnnl::memory::desc& dst_md);
// DIFF_DST (and WORKSPACE for max) -> DIFF_SRC. `forward_src_md` and `forward_dst_md` are the forward
// kernel's.
Kernel pool_backward(const Context& context, const std::string& layer, PoolKind kind, const PoolShape& shape,
                     const dnnl::memory::desc& forward_src_md, const dnnl::memory::desc& forward_dst_md);

}  // namespace dsx::kernels
