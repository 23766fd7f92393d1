// One function per layer type, in one table. Shapes come from the same inference as the plans'.
#include "net/onnx_nodes.hpp"

#include <algorithm>
#include <map>

#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/pool.hpp"
#include "net/shapes.hpp"

namespace dsx::net {

namespace {

using Integers = std::vector<std::int64_t>;
using Nodes = std::vector<kernels::OnnxNode>;

struct LayerView {
  const LayerSpec& layer;
  const LayerShape& shape;
  const Network& network;

  kernels::OnnxConstant parameter(const std::string& kind) const {
    const Parameter& p = network.parameters().at(layer.name + "." + kind);
    return {p.name, p.shape, p.get()};
  }
  std::vector<kernels::OnnxConstant> weight_and_bias() const {
    std::vector<kernels::OnnxConstant> constants{parameter("weight")};
    if (layer.bias) constants.push_back(parameter("bias"));
    return constants;
  }
};

// ONNX has no negative padding: a last row and column that a stride leaves out are cut off before.
Nodes conv(const LayerView& view) {
  const kernels::ConvShape& shape = view.shape.conv;
  Nodes nodes;
  if (shape.padding_r < 0)
    nodes.push_back(kernels::onnx_slice(shape.src[2] + shape.padding_r, shape.src[3] + shape.padding_r, 1));
  const std::int64_t before = shape.padding_l, after = std::max(0, shape.padding_r), stride = shape.stride;
  nodes.push_back({"Conv",
                   {{"kernel_shape", Integers{shape.weights[2], shape.weights[3]}},
                    {"strides", Integers{stride, stride}},
                    {"pads", Integers{before, before, after, after}}},
                   view.weight_and_bias()});
  return nodes;
}

Nodes batch_norm(const LayerView& view) {
  return {{"BatchNormalization",
           {{"epsilon", static_cast<float>(view.layer.eps)}},
           {view.parameter("weight"), view.parameter("bias"), view.parameter("running_mean"),
            view.parameter("running_var")}}};
}

Nodes relu(const LayerView&) { return {{"Relu"}}; }

Nodes avg_pool(const LayerView& view) {
  const LayerSpec& l = view.layer;
  kernels::OnnxNode node = kernels::onnx_pool("AveragePool", l.kernel_size, l.stride, l.padding, l.padding);
  node.attributes.emplace_back("count_include_pad", std::int64_t{l.count_include_pad});
  return {node};
}

Nodes max_pool(const LayerView& view) {
  const LayerSpec& l = view.layer;
  return {kernels::onnx_pool("MaxPool", l.kernel_size, l.stride, l.padding, l.padding)};
}

Nodes adaptive_avg_pool(const LayerView& view) {
  const kernels::PoolShape shape = kernels::adaptive_pool_shape(view.shape.src, view.layer.output_size);
  return {{"AveragePool",
           {{"kernel_shape", Integers(shape.kernel.begin(), shape.kernel.end())},
            {"strides", Integers(shape.stride.begin(), shape.stride.end())}}}};
}

Nodes downsample(const LayerView& view) {
  return downsample::downsample_op(view.network.options().variant).onnx(view.shape.src);
}

Nodes flatten(const LayerView&) { return {{"Flatten", {{"axis", std::int64_t{1}}}}}; }

Nodes linear(const LayerView& view) {
  return {{"Gemm", {{"transB", std::int64_t{1}}}, view.weight_and_bias()}};
}

const std::map<LayerType, Nodes (*)(const LayerView&)>& layer_table() {
  static const std::map<LayerType, Nodes (*)(const LayerView&)> table{
      {LayerType::conv2d, conv},
      {LayerType::batch_norm2d, batch_norm},
      {LayerType::relu, relu},
      {LayerType::avg_pool2d, avg_pool},
      {LayerType::max_pool2d, max_pool},
      {LayerType::adaptive_avg_pool2d, adaptive_avg_pool},
      {LayerType::downsample, downsample},
      {LayerType::flatten, flatten},
      {LayerType::linear, linear},
  };
  return table;
}

}  // namespace

std::vector<NamedOnnxNode> onnx_nodes(const Network& network) {
  const NetworkOptions& options = network.options();
  const auto shapes = infer_shapes(network.spec(), options.variant,
                                   {1, options.channels, options.height, options.width}, options.partial);
  std::vector<NamedOnnxNode> nodes;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const LayerSpec& layer = network.spec().layers[i];
    for (kernels::OnnxNode& node : layer_table().at(layer.type)({layer, shapes[i], network}))
      nodes.push_back({layer.name, std::move(node)});
  }
  return nodes;
}

}  // namespace dsx::net
