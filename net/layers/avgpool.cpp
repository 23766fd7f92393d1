// AvgPool2d: the mean of each window, padding counted or not.
//   dst = floor((src + 2 * padding - kernel_size) / stride) + 1
#include "net/layers/pooling.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims shape(const LayerPlace& place) { return pool_shape(place).dst; }

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  const auto kind = place.layer().flag("count_include_pad") ? kernels::PoolKind::avg_include_padding
                                                            : kernels::PoolKind::avg_exclude_padding;
  add_pool(graph, place.layer().name, kind, pool_shape(place));
  return 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters&) {
  kernels::OnnxNode node = onnx_pool("AveragePool", place.layer());
  node.attributes.emplace_back("count_include_pad", std::int64_t{place.layer().flag("count_include_pad")});
  return {node};
}

}  // namespace

LayerType avgpool_layer() {
  return {
      .name = "AvgPool2d",
      .short_name = "avgpool",
      .keys = {{.name = "kernel_size", .value = 0, .least = 1, .required = true},
               {.name = "stride", .value = 0, .least = 1, .same_as = "kernel_size"},
               {.name = "padding", .value = 0},
               {.name = "count_include_pad", .value = true}},
      .shape = shape,
      .build = build,
      .onnx = onnx,
      .int8 = [](const LayerPlace&) { return Int8::follows; },
      .keeps_zeros = true,
  };
}

}  // namespace dsx::net
