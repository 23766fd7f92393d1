// MaxPool2d: the maximum of each window; padding never wins.
//   dst = floor((src + 2 * padding - kernel_size) / stride) + 1
#include "net/layers/pooling.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims shape(const LayerPlace& place) { return pool_shape(place).dst; }

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  add_pool(graph, place.layer().name, kernels::PoolKind::max, pool_shape(place));
  return 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters&) {
  return {onnx_pool("MaxPool", place.layer())};
}

}  // namespace

LayerType maxpool_layer() {
  return {
      .name = "MaxPool2d",
      .short_name = "maxpool",
      .keys = {{.name = "kernel_size", .value = 0, .least = 1, .required = true},
               {.name = "stride", .value = 0, .least = 1, .same_as = "kernel_size"},
               {.name = "padding", .value = 0}},
      .shape = shape,
      .build = build,
      .onnx = onnx,
      .int8 = [](const LayerPlace&) { return Int8::follows; },
      .keeps_zeros = true,
  };
}

}  // namespace dsx::net
