// BatchNorm2d: each channel normalised by the batch's statistics (training) or the running ones (inference),
// then scaled and shifted; see kernels/onednn/batch_norm.hpp.
//   dst = src
#include "kernels/onednn/batch_norm.hpp"

#include "net/graph/graph_writer.hpp"
#include "net/layers/weighted.hpp"

namespace dsx::net {

namespace {

dnnl::memory::dims shape(const LayerPlace& place) {
  need_image(place);
  return place.src;
}

Parameter of_channels(const LayerPlace& place, const std::string& name, float initial, bool trainable) {
  Parameter p;
  p.name = name;
  p.shape = p.dims = {place.src[1]};
  p.trainable = trainable;
  p.fan_in = 1;
  p.constant = initial;
  return p;
}

std::vector<Parameter> parameters(const LayerPlace& place) {
  return {of_channels(place, "weight", 1, true), of_channels(place, "bias", 0, true),
          of_channels(place, "running_mean", 0, false), of_channels(place, "running_var", 1, false)};
}

// Forward in training: the batch's statistics move the running ones.
void add_running_statistics(const LayerPlace& place, GraphWriter& graph, const GraphWriter::Tensors& forward,
                            TensorId running_mean, TensorId running_var) {
  const auto& [name, dims] = std::tie(place.layer().name, place.src);
  const auto count = static_cast<double>(dims[0] * dims[2] * dims[3]);
  graph.add_node(name + ".running_statistics", name, kernels::Phase::forward,
                 kernels::batch_norm_update_running(static_cast<int>(dims[1]), count,
                                                    place.layer().fraction("momentum")),
                 {{DNNL_ARG_SRC_0, forward.at(DNNL_ARG_MEAN)},
                  {DNNL_ARG_SRC_1, forward.at(DNNL_ARG_VARIANCE)},
                  {kernels::kArgRunningMean, running_mean},
                  {kernels::kArgRunningVariance, running_var}});
}

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  const std::string& name = place.layer().name;
  const double eps = place.layer().fraction("eps");
  const TensorId src = graph.current;
  const auto md = graph.src_md(place.src);
  const auto scale = graph.parameter(name + ".weight"), shift = graph.parameter(name + ".bias");
  const auto running_mean = graph.parameter(name + ".running_mean"),
             running_var = graph.parameter(name + ".running_var");
  GraphWriter::Tensors tensors{{DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, shift}};
  if (!graph.training()) {
    tensors[DNNL_ARG_MEAN] = running_mean;
    tensors[DNNL_ARG_VARIANCE] = running_var;
  }
  const auto out = graph.add_forward(
      name, name, kernels::batch_norm_forward(graph.context, name, md, eps, graph.pass), tensors);
  if (!graph.training()) return 0;
  add_running_statistics(place, graph, out, running_mean, running_var);
  graph.on_backward([=, &graph](TensorId diff_dst, bool) {
    return graph
        .add_node(name + ".backward", name, kernels::Phase::backward,
                  kernels::batch_norm_backward(graph.context, name, md, eps),
                  {{DNNL_ARG_SRC, src},
                   {DNNL_ARG_MEAN, out.at(DNNL_ARG_MEAN)},
                   {DNNL_ARG_VARIANCE, out.at(DNNL_ARG_VARIANCE)},
                   {DNNL_ARG_DIFF_DST, diff_dst},
                   {DNNL_ARG_SCALE, scale},
                   {DNNL_ARG_DIFF_SCALE, graph.gradient_of(name + ".weight")},
                   {DNNL_ARG_DIFF_SHIFT, graph.gradient_of(name + ".bias")}})
        .at(DNNL_ARG_DIFF_SRC);
  });
  return 0;
}

std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters& all) {
  return {{"BatchNormalization",
           {{"epsilon", static_cast<float>(place.layer().fraction("eps"))}},
           {onnx_parameter(place, all, "weight"), onnx_parameter(place, all, "bias"),
            onnx_parameter(place, all, "running_mean"), onnx_parameter(place, all, "running_var")}}};
}

}  // namespace

LayerType batch_norm_layer() {
  return {
      .name = "BatchNorm2d",
      .short_name = "bn",
      .keys = {{.name = "eps", .value = 1e-5}, {.name = "momentum", .value = 0.1}},
      .shape = shape,
      .parameters = parameters,
      .build = build,
      .onnx = onnx,
      .pointwise = true,
  };
}

}  // namespace dsx::net
