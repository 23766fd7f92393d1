// Inner product with ReLU for large weights, inference: our own kernel. Weights are packed once, in the order
// in which they are read, and stream through once per batch; the sum over the inputs is split into a fixed
// number of parts, so that threads share it and the result does not depend on how many there are.
#pragma once

#include <string>

#include "kernels/onednn/inner_product.hpp"

namespace dsx::fused {

// Whether packed_linear_forward() takes this: an f32 source, dense in nc, nchw or nhwc order, and weights
// that are worth streaming well. Small ones, and bf16 where oneDNN has AMX, are left to oneDNN.
bool packed_linear_fits(const kernels::Context& context, const kernels::InnerProductShape& shape,
                        const dnnl::memory::desc& src_md);

// SRC, WEIGHTS (plain), BIAS when `options.bias` -> DST of `dst_type` (f32, bf16); `prepare` packs the
// weights, in a bf16 context as bf16. Products and sums are f32. `behind_relu`: many inputs will be 0; they
// are skipped, which changes no result (but in a network whose weights are not finite, which skips none).
kernels::Kernel packed_linear_forward(const kernels::Context& context, const std::string& layer,
                                      const kernels::InnerProductShape& shape,
                                      const kernels::ConvOptions& options, const dnnl::memory::desc& src_md,
                                      dnnl::memory::data_type dst_type, bool behind_relu);

}  // namespace dsx::fused
