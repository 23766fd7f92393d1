#include "net/network_graph.hpp"

#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/onednn/bce_loss.hpp"
#include "net/graph/graph_writer.hpp"
#include "net/shapes.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

void add_input(GraphWriter& writer, const memory::dims& dims) {
  const bool nhwc = writer.context.layout == kernels::Layout::nhwc;
  const auto md = kernels::activation_md(dims, memory::data_type::f32,
                                         nhwc ? kernels::Layout::nhwc : kernels::Layout::nchw);
  writer.graph.input = writer.current = writer.add_tensor("input", Role::input, md);
}

// In an int8 network each layer reads what its type asks for.
void convert_source(GraphWriter& writer, const LayerPlace& place) {
  const auto rule = place.layer().type->int8;
  switch (rule == nullptr ? Int8::f32 : rule(place)) {
    case Int8::f32:
      return writer.dequantize_current();
    case Int8::integers:
      return writer.quantize_current();
    case Int8::follows:
      return;
  }
}

void add_layers(GraphWriter& writer, const std::vector<LayerPlace>& places) {
  const bool int8 = writer.quantization != nullptr;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto build = places[i].layer().type->build;
    if (build == nullptr) continue;
    if (int8) convert_source(writer, places[i]);
    i += build(places[i], writer);
  }
  if (int8) writer.dequantize_current();
  writer.graph.logits = writer.current;
  writer.graph.tensors[writer.current].keep = true;
}

// Returns the gradient of the logits.
TensorId add_loss(GraphWriter& writer) {
  Graph& graph = writer.graph;
  const int batch = static_cast<int>(writer.md_of(graph.logits).get_dims()[0]);
  graph.labels = writer.add_tensor("labels", Role::labels, kernels::plain_md({batch, 1}));
  const auto out = writer.add_node("loss", "loss", kernels::Phase::loss, kernels::bce_with_logits(batch),
                                   {{DNNL_ARG_SRC_0, graph.logits}, {DNNL_ARG_SRC_1, graph.labels}});
  graph.loss = out.at(DNNL_ARG_DST);
  graph.tensors[graph.loss].keep = true;
  return out.at(DNNL_ARG_DIFF_SRC);
}

// The caller's, in the result's own layout.
TensorId add_result_gradient(GraphWriter& writer) {
  writer.graph.labels = writer.add_tensor("result.grad", Role::labels, writer.md_of(writer.graph.logits));
  return writer.graph.labels;
}

}  // namespace

Graph build_graph(const kernels::Context& context, const NetworkSpec& spec,
                  const downsample::DownsampleOp& op, const memory::dims& input, const GraphOptions& options,
                  Parameters& parameters) {
  const auto places = place_layers(spec, op, input, options.partial);
  if (options.training && (context.dtype != memory::data_type::f32 || options.quantization != nullptr))
    throw UnsupportedError("training runs in f32 only: bf16 and int8 are for inference");
  GraphWriter writer(context, parameters,
                     options.training ? kernels::Pass::training : kernels::Pass::inference,
                     options.adopt_layouts, options.quantization);
  add_input(writer, input);
  add_layers(writer, places);
  if (options.training) {
    const TensorId diff = writer.add_backward(
        options.partial ? add_result_gradient(writer) : add_loss(writer), options.input_gradient);
    if (options.input_gradient) {
      writer.graph.input_gradient = diff;
      writer.graph.tensors[diff].keep = true;
    }
  }
  return std::move(writer.graph);
}

}  // namespace dsx::net
