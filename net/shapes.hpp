// Shape inference: every layer's source and destination dims for a given input.
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "net/spec.hpp"

namespace dsx::net {

struct LayerShape {
  dnnl::memory::dims src, dst;  // [N, C, H, W] or [N, F]
  bool flat = false;            // a Flatten came before
};

// One entry per layer of `spec`. Throws ConfigError that names the layer when shapes do not fit. The last
// layer must give one logit per image, unless `partial`. `variant`: a row of downsample_table().
std::vector<LayerShape> infer_shapes(const NetworkSpec& spec, const std::string& variant,
                                     const dnnl::memory::dims& input, bool partial = false);

// The same as what each layer is told of its surroundings. `spec` must outlive them.
std::vector<LayerPlace> place_layers(const NetworkSpec& spec, const std::string& variant,
                                     const dnnl::memory::dims& input, bool partial);
// With an operator that need not be in the table; it must outlive them, too.
std::vector<LayerPlace> place_layers(const NetworkSpec& spec, const downsample::DownsampleOp& op,
                                     const dnnl::memory::dims& input, bool partial);

}  // namespace dsx::net
