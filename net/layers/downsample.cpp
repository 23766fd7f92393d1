// Downsample: the network's free parameter, any row of downsample_table() (--variant).
//   dst = floor(src / 2), or src where the convolution before it already took the operator's stride
#include "kernels/downsample/downsample.hpp"

#include <fmt/format.h>

#include <utility>

#include "kernels/base/error.hpp"
#include "net/graph/graph_writer.hpp"
#include "net/layers/layer.hpp"

namespace dsx::net {

namespace {

bool works_through_convolution(const LayerPlace& place) { return place.op.acts_in_convolution(); }

// The convolution whose stride the operator doubles: the nearest one before it, across layers that let a
// stride pass.
void check_place(const LayerPlace& place) {
  if (!works_through_convolution(place)) return;
  for (std::size_t i = place.index; i-- > 0;) {
    if (place.layers[i].type->takes_stride) return;
    if (!place.layers[i].type->pointwise) break;
  }
  throw ConfigError(fmt::format(
      "layer {}: this variant gives its stride to the convolution before it, but no Conv2d precedes "
      "the Downsample (only ReLU and BatchNorm2d may stand between)",
      place.layer().name));
}

dnnl::memory::dims shape(const LayerPlace& place) {
  const auto& src = place.src;
  if (works_through_convolution(place)) return src;
  need_image(place);
  if (src[2] < 2 || src[3] < 2) throw ConfigError("nothing is left to downsample");
  return {src[0], src[1], src[2] / 2, src[3] / 2};
}

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  if (works_through_convolution(place)) return 0;
  const std::string& layer = place.layer().name;
  for (auto& stage : place.op.build(graph.context, layer, graph.src_md(place.src), graph.training())) {
    const auto name = layer + (stage.suffix.empty() ? "" : "." + stage.suffix);
    const auto out = graph.add_forward(name, layer, std::move(stage.forward),
                                       graph.add_constants(layer, stage.forward_constants));
    graph.on_backward([=, &graph](TensorId diff_dst, bool need_diff_src) {
      if (!need_diff_src) return kNoTensor;
      return graph.add_backward_stage(layer, stage.suffix, stage.backward_data, stage.backward_constants,
                                      diff_dst, out);
    });
  }
  return 0;
}

Int8 int8(const LayerPlace& place) {
  return place.op.on_u8 || works_through_convolution(place) ? Int8::follows : Int8::f32;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters&) {
  return place.op.onnx(place.src);
}

}  // namespace

LayerType downsample_layer() {
  return {
      .name = "Downsample",
      .short_name = "downsample",
      .keys = {},
      .shape = shape,
      .build = build,
      .onnx = onnx,
      .check_place = check_place,
      .int8 = int8,
      .downsamples = true,
      .keeps_zeros = true,
  };
}

}  // namespace dsx::net
