// Linear, fully connected; see kernels/onednn/inner_product.hpp. It reads an image behind a Flatten as it is.
// With --engine fused, large ones are kernels of ours.
//   dst = [N, out_features]
#include "kernels/base/error.hpp"
#include "kernels/fused/fused_linear.hpp"
#include "kernels/fused/int8_linear.hpp"
#include "kernels/fused/packed_linear.hpp"
#include "kernels/onednn/inner_product.hpp"
#include "net/layers/weighted.hpp"

namespace dsx::net {

namespace {

using dnnl::memory;

kernels::InnerProductShape linear_shape(const LayerPlace& place) {
  return kernels::inner_product_shape(place.src, place.layer().integer("out_features"));
}

memory::dims shape(const LayerPlace& place) {
  if (place.src.size() == 4 && !place.flat)
    throw ConfigError("a Linear after an image needs a Flatten between them");
  return linear_shape(place).dst;
}

std::vector<Parameter> parameters(const LayerPlace& place) {
  const auto dims = linear_shape(place).weights;
  memory::dim in_features = 1;
  for (std::size_t d = 1; d < dims.size(); ++d) in_features *= dims[d];
  return weight_and_bias(place, {dims[0], in_features}, dims);
}

void build_fused_training(const LayerPlace& place, GraphWriter& graph, const memory::desc& src_md) {
  const LayerSpec& layer = place.layer();
  const auto shape = linear_shape(place);
  const bool relu = place.relu_follows();
  const auto w =
      add_weighted(graph, layer, relu,
                   fused::fused_linear_forward(graph.context, shape, layer.flag("bias"), relu, src_md));
  graph.on_backward([=, &graph](TensorId diff_dst, bool) {
    if (w.relu) diff_dst = graph.unfuse_relu(w.name, w.dst, diff_dst);
    auto tensors = weighted_gradients(graph, w, diff_dst);
    tensors[DNNL_ARG_WEIGHTS] = w.weights;
    return graph
        .add_node(w.name + ".backward", w.name, kernels::Phase::backward,
                  fused::fused_linear_backward(graph.context, shape, w.bias, src_md,
                                               graph.update_slot(w.name + ".weight")),
                  tensors)
        .at(DNNL_ARG_DIFF_SRC);
  });
}

// oneDNN's primitives. A source that is already there keeps its layout: converting it would cost more than
// any weights order brings.
void build_primitives(const LayerPlace& place, GraphWriter& graph, memory::data_type dst_type) {
  const LayerSpec& layer = place.layer();
  const auto shape = linear_shape(place);
  const bool relu = place.relu_follows();
  const bool any = graph.context.layout == kernels::Layout::any;
  const auto src_md = any ? graph.wanted_md(shape.src) : graph.src_md(shape.src);
  auto kernel = kernels::inner_product_forward(graph.context, layer.name, shape,
                                               {graph.pass, layer.flag("bias"), relu}, src_md, dst_type);
  const auto used_src_md = kernel.arguments.at(DNNL_ARG_SRC);
  const auto w = add_weighted(graph, layer, relu, std::move(kernel));
  const auto weights_md = graph.md_of(w.weights);
  add_weighted_backward(
      graph, w,
      [=, &context = graph.context] {
        return kernels::inner_product_backward_weights(context, w.name, shape, w.bias, used_src_md,
                                                       weights_md);
      },
      [=, &context = graph.context] {
        return kernels::inner_product_backward_data(context, w.name, shape, weights_md, used_src_md);
      });
}

void build_int8(const LayerPlace& place, GraphWriter& graph) {
  if (graph.context.fused) fused::require_int8();
  const LayerSpec& layer = place.layer();
  const auto shape = linear_shape(place);
  const auto src_md = graph.md_of(graph.current);
  const bool ours = graph.context.fused && fused::int8_linear_fits(shape, src_md);
  const auto make = ours ? fused::int8_linear_forward : kernels::inner_product_forward_int8;
  add_weighted_int8(
      graph, place,
      make(graph.context, layer.name, shape, {graph.pass, layer.flag("bias"), place.relu_follows()},
           int8_scales(graph, place), src_md));
}

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  const LayerSpec& layer = place.layer();
  const auto shape = linear_shape(place);
  const bool relu = place.relu_follows(), last = place.next() == nullptr;
  const auto dst_type = last ? memory::data_type::f32 : graph.context.dtype;
  const auto current_md = graph.md_of(graph.current);
  if (graph.quantization != nullptr) {
    build_int8(place, graph);
  } else if (graph.context.fused && !graph.training() &&
             fused::packed_linear_fits(graph.context, shape, current_md)) {
    add_weighted(
        graph, layer, relu,
        fused::packed_linear_forward(graph.context, layer.name, shape, {graph.pass, layer.flag("bias"), relu},
                                     current_md, dst_type, place.behind_relu()));
  } else if (graph.context.fused && graph.training() && !last &&
             fused::fused_linear_suits(graph.context, shape, graph.src_md(shape.src))) {
    build_fused_training(place, graph, graph.src_md(shape.src));
  } else {
    build_primitives(place, graph, dst_type);
  }
  return relu ? 1 : 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters& all) {
  return {{"Gemm", {{"transB", std::int64_t{1}}}, onnx_weight_and_bias(place, all)}};
}

}  // namespace

LayerType fc_layer() {
  return {
      .name = "Linear",
      .short_name = "fc",
      .keys = {{.name = "out_features", .value = 0, .least = 1, .required = true},
               {.name = "bias", .value = true}},
      .shape = shape,
      .parameters = parameters,
      .build = build,
      .onnx = onnx,
      .int8 = [](const LayerPlace&) { return Int8::integers; },
      .takes_flat = true,
  };
}

}  // namespace dsx::net
