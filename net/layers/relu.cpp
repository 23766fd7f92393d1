// ReLU: dst = max(src, 0), value by value. A ReLU behind Conv2d or Linear is part of their kernels; this is
// the one that stands elsewhere (behind BatchNorm2d or a pool).
#include "kernels/onednn/relu.hpp"

#include "net/graph/graph_writer.hpp"
#include "net/layers/layer.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims shape(const LayerPlace& place) { return place.src; }

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  const std::string& name = place.layer().name;
  const auto md = graph.src_md(place.src);
  const auto dst = graph.add_forward(name, name, kernels::relu_forward(graph.context, name, md, graph.pass))
                       .at(DNNL_ARG_DST);
  graph.on_backward([=, &graph](TensorId diff_dst, bool) { return graph.unfuse_relu(name, dst, diff_dst); });
  return 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace&, const Parameters&) { return {{"Relu"}}; }

}  // namespace

LayerType relu_layer() {
  return {
      .name = "ReLU",
      .short_name = "relu",
      .keys = {},
      .shape = shape,
      .build = build,
      .onnx = onnx,
      .is_relu = true,
      .pointwise = true,
      .takes_flat = true,
  };
}

}  // namespace dsx::net
