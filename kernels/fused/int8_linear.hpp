// Inner product with ReLU over 8-bit integers for large weights, inference: our own kernel, which reads the
// weights once per batch, in the order in which they lie. Sums are exact for any number of inputs and the
// result does not depend on how many threads there are: it is that of kernels/onednn/int8_weighted.hpp.
#pragma once

#include <string>

#include "kernels/fused/int8_layer.hpp"
#include "kernels/onednn/inner_product.hpp"

namespace dsx::fused {

// Whether this CPU has such a kernel and int8_linear_forward() takes this: a u8 source, dense in nc, nchw or
// nhwc order, and weights that are worth streaming well. Small ones are left to oneDNN.
bool int8_linear_fits(const kernels::InnerProductShape& shape, const dnnl::memory::desc& src_md);

// SRC, WEIGHTS (plain, f32), BIAS when `options.bias` -> DST, u8 with `scales.dst`, else f32; `prepare`
// quantizes and packs the weights.
kernels::Kernel int8_linear_forward(const kernels::Context& context, const std::string& layer,
                                    const kernels::InnerProductShape& shape,
                                    const kernels::ConvOptions& options, const kernels::Int8Scales& scales,
                                    const dnnl::memory::desc& src_md);

}  // namespace dsx::fused
