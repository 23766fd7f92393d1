// Inner product (PyTorch's Linear): dst[n, o] = sum_i src[n, i] * weights[o, i] + bias[o], ReLU fused into
// forward. The source may be 4-D: a Flatten before it then costs nothing, and weights keep PyTorch's
// channel-major order as dims [O, C, H, W].
#pragma once

#include <dnnl.hpp>
#include <optional>
#include <string>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

struct InnerProductShape {
  dnnl::memory::dims src;      // N, I or N, C, H, W
  dnnl::memory::dims weights;  // O, I or O, C, H, W
  dnnl::memory::dims dst;      // N, O
};
InnerProductShape inner_product_shape(const dnnl::memory::dims& src, int out_features);

// 2 * N * O * I
double inner_product_flop(const InnerProductShape& shape);

// SRC, WEIGHTS, BIAS -> DST; `src_md` may be any; oneDNN chooses the weights' layout. `dst_type` lets the
// last layer of a bf16 network give f32 logits.
Kernel inner_product_forward(const Context& context, const std::string& layer, const InnerProductShape& shape,
                             const ConvOptions& options, const dnnl::memory::desc& src_md,
                             dnnl::memory::data_type dst_type);
// DIFF_DST, WEIGHTS -> DIFF_SRC. `weights_md`: the layout in which the weights already are. It is kept when
// oneDNN has a fast implementation for it, since reordering a large matrix at every step costs more than it
// brings.
Kernel inner_product_backward_data(const Context& context, const std::string& layer,
                                   const InnerProductShape& shape, const dnnl::memory::desc& weights_md,
                                   const dnnl::memory::desc& diff_src_md);
// SRC, DIFF_DST -> DIFF_WEIGHTS, DIFF_BIAS; `weights_md` as above.
Kernel inner_product_backward_weights(const Context& context, const std::string& layer,
                                      const InnerProductShape& shape, bool bias,
                                      const dnnl::memory::desc& src_md, const dnnl::memory::desc& weights_md);

}  // namespace dsx::kernels
