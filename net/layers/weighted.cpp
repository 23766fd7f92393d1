#include "net/layers/weighted.hpp"

#include <utility>

namespace dsx::net {

using dnnl::memory;

std::vector<Parameter> weight_and_bias(const LayerPlace& place, const memory::dims& shape,
                                       const memory::dims& dims) {
  memory::dim fan_in = 1;
  for (std::size_t d = 1; d < dims.size(); ++d) fan_in *= dims[d];
  std::vector<Parameter> parameters(place.layer().flag("bias") ? 2 : 1);
  parameters[0].name = "weight";
  parameters[0].shape = shape;
  parameters[0].dims = dims;
  if (parameters.size() == 2) {
    parameters[1].name = "bias";
    parameters[1].shape = parameters[1].dims = {dims[0]};
  }
  for (Parameter& p : parameters) p.fan_in = static_cast<int>(fan_in);
  return parameters;
}

kernels::OnnxConstant onnx_parameter(const LayerPlace& place, const Parameters& parameters,
                                     const std::string& name) {
  const Parameter& p = parameters.at(place.layer().name + "." + name);
  return {p.name, p.shape, p.get()};
}

std::vector<kernels::OnnxConstant> onnx_weight_and_bias(const LayerPlace& place,
                                                        const Parameters& parameters) {
  std::vector<kernels::OnnxConstant> constants{onnx_parameter(place, parameters, "weight")};
  if (place.layer().flag("bias")) constants.push_back(onnx_parameter(place, parameters, "bias"));
  return constants;
}

Weighted add_weighted(GraphWriter& graph, const LayerSpec& layer, bool relu, kernels::Kernel kernel) {
  Weighted w{layer.name, layer.flag("bias"), relu};
  w.src = graph.current;
  w.weights = graph.parameter(w.name + ".weight", &kernel.arguments.at(DNNL_ARG_WEIGHTS));
  GraphWriter::Tensors tensors{{DNNL_ARG_WEIGHTS, w.weights}};
  if (w.bias) tensors[DNNL_ARG_BIAS] = graph.parameter(w.name + ".bias");
  const auto out = graph.add_forward(w.name, w.name, std::move(kernel), tensors);
  w.dst = out.at(DNNL_ARG_DST);
  w.workspace = find_tensor(out, DNNL_ARG_WORKSPACE);
  return w;
}

kernels::Int8Scales int8_scales(const GraphWriter& graph, const LayerPlace& place) {
  kernels::Int8Scales scales{.src = graph.current_scale()};
  if (place.relu_follows()) scales.dst = graph.quantization->at(place.layer().name).scale;
  return scales;
}

void add_weighted_int8(GraphWriter& graph, const LayerPlace& place, kernels::Kernel kernel) {
  const bool relu = place.relu_follows();
  const auto w = add_weighted(graph, place.layer(), relu, std::move(kernel));
  graph.graph.tensors[w.dst].u8 = relu ? graph.quantization->at(w.name) : kernels::U8Scale{};
}

GraphWriter::Tensors weighted_gradients(GraphWriter& graph, const Weighted& w, TensorId diff_dst) {
  GraphWriter::Tensors tensors{{DNNL_ARG_SRC, w.src},
                               {DNNL_ARG_DIFF_DST, diff_dst},
                               {DNNL_ARG_DIFF_WEIGHTS, graph.gradient_of(w.name + ".weight")}};
  if (w.bias) tensors[DNNL_ARG_DIFF_BIAS] = graph.gradient_of(w.name + ".bias");
  return tensors;
}

void add_weighted_backward(GraphWriter& graph, const Weighted& w, MakeKernel weights, MakeKernel data) {
  graph.on_backward([=, &graph](TensorId diff_dst, bool need_diff_src) {
    if (w.relu) diff_dst = graph.unfuse_relu(w.name, w.dst, diff_dst);
    auto tensors = weighted_gradients(graph, w, diff_dst);
    graph.add_node(w.name + ".backward_weights", w.name, kernels::Phase::backward, weights(),
                   std::move(tensors));
    if (!need_diff_src) return kNoTensor;
    return graph
        .add_node(w.name + ".backward_data", w.name, kernels::Phase::backward, data(),
                  {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, w.weights}})
        .at(DNNL_ARG_DIFF_SRC);
  });
}

}  // namespace dsx::net
