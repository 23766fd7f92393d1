// 2-D convolution (cross-correlation, as oneDNN and PyTorch define it), with ReLU fused into the forward
// pass.
//   dst = floor((src + padding_l + padding_r - kernel) / stride) + 1
#pragma once

#include <dnnl.hpp>
#include <string>

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

struct ConvShape {
  dnnl::memory::dims src;      // N, IC, IH, IW
  dnnl::memory::dims weights;  // OC, IC, KH, KW; depthwise: C, 1, 1, KH, KW (groups, oc/group, ic/group)
  dnnl::memory::dims dst;      // N, OC, OH, OW
  int stride = 1;
  int padding_l = 0;  // top and left
  int padding_r = 0;  // bottom and right; may be negative (> -stride) to drop a last odd row and column
  bool depthwise() const { return weights.size() == 5; }
};

// Shapes of a square-kernel convolution; `padding` on both sides. Throws ConfigError when dst would be empty.
ConvShape conv_shape(const dnnl::memory::dims& src, int out_channels, int kernel_size, int stride,
                     int padding);

// 2 * N * OC * OH * OW * IC/groups * KH * KW
double conv_flop(const ConvShape& shape);

enum class Pass { inference, training };  // training keeps what backward needs
std::string to_string(Pass pass);

// Arguments: SRC, WEIGHTS, BIAS (when `bias`) -> DST. `src_md` and `dst_md` may have format any; weights are
// always oneDNN's choice (format any) unless `weights_md` names one.
struct ConvOptions {
  Pass pass = Pass::inference;
  bool bias = true;
  bool relu = false;
};
Kernel conv_forward(const Context& context, const std::string& layer, const ConvShape& shape,
                    const ConvOptions& options, const dnnl::memory::desc& src_md,
                    const dnnl::memory::desc& dst_md);
// DIFF_DST, WEIGHTS -> DIFF_SRC
Kernel conv_backward_data(const Context& context, const std::string& layer, const ConvShape& shape,
                          const dnnl::memory::desc& diff_src_md, const dnnl::memory::desc& diff_dst_md);
// SRC, DIFF_DST -> DIFF_WEIGHTS, DIFF_BIAS (when `bias`)
Kernel conv_backward_weights(const Context& context, const std::string& layer, const ConvShape& shape,
                             bool bias, const dnnl::memory::desc& src_md,
                             const dnnl::memory::desc& diff_dst_md);

}  // namespace dsx::kernels
