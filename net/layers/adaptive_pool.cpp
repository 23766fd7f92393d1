// AdaptiveAvgPool2d: a mean over windows of src / output_size, whatever the image's size, which output_size
// must divide.
//   dst = output_size
#include "net/layers/pooling.hpp"

namespace dsx::net {

namespace {

kernels::PoolShape adaptive_shape(const LayerPlace& place) {
  need_image(place);
  return kernels::adaptive_pool_shape(place.src, place.layer().integer("output_size"));
}

dnnl::memory::dims shape(const LayerPlace& place) { return adaptive_shape(place).dst; }

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  add_pool(graph, place.layer().name, kernels::PoolKind::avg_exclude_padding, adaptive_shape(place));
  return 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters&) {
  using Integers = std::vector<std::int64_t>;
  const kernels::PoolShape pool = adaptive_shape(place);
  return {{"AveragePool",
           {{"kernel_shape", Integers(pool.kernel.begin(), pool.kernel.end())},
            {"strides", Integers(pool.stride.begin(), pool.stride.end())}}}};
}

}  // namespace

LayerType adaptive_pool_layer() {
  return {
      .name = "AdaptiveAvgPool2d",
      .short_name = "adaptive_pool",
      .keys = {{.name = "output_size", .value = 1, .least = 1}},
      .shape = shape,
      .build = build,
      .onnx = onnx,
      .int8 = [](const LayerPlace&) { return Int8::follows; },
  };
}

}  // namespace dsx::net
