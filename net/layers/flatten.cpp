// Flatten: [N, C, H, W] -> [N, C * H * W]. Only a view: a Linear reads the 4-D source as it is, so the dims
// stay and nothing is built.
#include "net/layers/layer.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims shape(const LayerPlace& place) { return place.src; }

std::vector<kernels::OnnxNode> onnx(const LayerPlace&, const Parameters&) {
  return {{"Flatten", {{"axis", std::int64_t{1}}}}};
}

}  // namespace

LayerType flatten_layer() {
  return {
      .name = "Flatten",
      .short_name = "flatten",
      .keys = {},
      .shape = shape,
      .onnx = onnx,
      .keeps_zeros = true,
      .flattens = true,
  };
}

}  // namespace dsx::net
