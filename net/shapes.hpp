// Shape inference: every layer's source and destination dims for a given input, and the stride that an
// operator such as `strided` gives to the convolution before it.
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "kernels/onednn/conv.hpp"
#include "net/spec.hpp"

namespace dsx::net {

struct LayerShape {
  dnnl::memory::dims src, dst;  // [N, C, H, W] or [N, F]
  kernels::ConvShape conv;      // Conv2d only, with the variant's stride applied
};

// One entry per layer of `spec`. Throws ConfigError that names the layer when shapes do not fit. The last
// layer must give one logit per image.
std::vector<LayerShape> infer_shapes(const NetworkSpec& spec, const std::string& variant,
                                     const dnnl::memory::dims& input, bool partial = false);

}  // namespace dsx::net
