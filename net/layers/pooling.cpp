#include "net/layers/pooling.hpp"

#include <utility>

namespace dsx::net {

kernels::PoolShape pool_shape(const LayerPlace& place) {
  need_image(place);
  const LayerSpec& layer = place.layer();
  return kernels::pool_shape(place.src, layer.integer("kernel_size"), layer.integer("stride"),
                             layer.integer("padding"));
}

kernels::OnnxNode onnx_pool(const std::string& type, const LayerSpec& layer) {
  const int padding = layer.integer("padding");
  return kernels::onnx_pool(type, layer.integer("kernel_size"), layer.integer("stride"), padding, padding);
}

void add_pool(GraphWriter& graph, const std::string& layer, kernels::PoolKind kind,
              const kernels::PoolShape& shape) {
  const auto src_md = graph.src_md(shape.src);
  auto kernel = kernels::pool_forward(graph.context, layer, kind, shape, graph.pass, src_md,
                                      graph.wanted_md(shape.dst));
  const auto dst_md = kernel.arguments.at(DNNL_ARG_DST);
  const auto out = graph.add_forward(layer, layer, std::move(kernel));
  graph.on_backward([=, &graph](TensorId diff_dst, bool need_diff_src) {
    if (!need_diff_src) return kNoTensor;
    return graph.add_backward_stage(layer, "",
                                    kernels::pool_backward(graph.context, layer, kind, shape, src_md, dst_md),
                                    {}, diff_dst, out);
  });
}

}  // namespace dsx::net
