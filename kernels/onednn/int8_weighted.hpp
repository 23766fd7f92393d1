// Convolution and inner product over 8-bit integers; shapes as in conv.hpp and inner_product.hpp.
//   dst = relu(scale_src * scale_weights[o] * sum_s32(src * weights) + bias[o]) / scale_dst
// Sums are exact; bias, ReLU and scales are applied in f32, as oneDNN defines it. `prepare` makes integers of
// the f32 WEIGHTS. The shift of a source goes into the bias, exactly; where the source is padded with zeros
// of its real values, its whole steps are oneDNN's zero point, and only what is left, half a step at most,
// goes there.
#pragma once

#include <optional>
#include <string>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/int8.hpp"

namespace dsx::kernels {

struct Int8Scales {
  U8Scale src;
  std::optional<float> dst = std::nullopt;      // of a u8 destination, which needs a ReLU; without it: f32
  std::optional<float> weights = std::nullopt;  // of weights that are known multiples of it
};

// Arguments: SRC (u8), WEIGHTS and, with a bias, BIAS (f32, plain) -> DST.
Kernel conv_forward_int8(const Context& context, const std::string& layer, const ConvShape& shape,
                         const ConvOptions& options, const Int8Scales& scales);
Kernel inner_product_forward_int8(const Context& context, const std::string& layer,
                                  const InnerProductShape& shape, const ConvOptions& options,
                                  const Int8Scales& scales, const dnnl::memory::desc& src_md);

}  // namespace dsx::kernels
