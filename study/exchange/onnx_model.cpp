// Plain nodes (net/onnx_nodes.hpp) into protobuf messages, which come with libonnx, as does the checker.
#include "study/exchange/onnx_model.hpp"

#include <fmt/core.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <bit>
#include <limits>
#include <map>

#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/base/version.hpp"
#include "net/onnx_int8.hpp"
#include "net/onnx_nodes.hpp"

namespace dsx::exchange {
namespace {

constexpr std::int64_t kOpset = 17;  // of July 2022: what Debian 12's checker knows, and every engine reads
constexpr std::int64_t kIrVersion = 8;  // goes with it
static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

void add_attribute(onnx::NodeProto& node, const std::string& name,
                   const kernels::OnnxNode::Attribute& value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* real = std::get_if<float>(&value)) {
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(*real);
  } else {
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t i : std::get<std::vector<std::int64_t>>(value)) attribute.add_ints(i);
  }
}

onnx::TensorProto::DataType type_of(float) { return onnx::TensorProto::FLOAT; }
onnx::TensorProto::DataType type_of(std::int64_t) { return onnx::TensorProto::INT64; }
onnx::TensorProto::DataType type_of(std::int32_t) { return onnx::TensorProto::INT32; }
onnx::TensorProto::DataType type_of(std::int8_t) { return onnx::TensorProto::INT8; }
onnx::TensorProto::DataType type_of(std::uint8_t) { return onnx::TensorProto::UINT8; }

void add_constant(onnx::GraphProto& graph, const std::string& name, const kernels::OnnxConstant& constant) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  for (const auto dim : constant.dims) tensor.add_dims(dim);
  std::visit(
      [&](const auto& values) {
        tensor.set_data_type(type_of(values[0]));
        tensor.set_raw_data(values.data(), values.size() * sizeof(values[0]));
      },
      constant.values);
}

// [N, ...] with a batch dimension of any size.
void describe(onnx::ValueInfoProto& value, const std::string& name, const std::vector<std::int64_t>& dims) {
  value.set_name(name);
  onnx::TypeProto::Tensor& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

void add_nodes(onnx::GraphProto& graph, const net::Network& network) {
  const std::vector<net::NamedOnnxNode> nodes =
      network.quantization() ? net::onnx_int8_nodes(network) : net::onnx_nodes(network);
  std::string source = "input";
  std::map<std::string, std::string> named;  // values of the layer that later nodes of it name
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& [layer, plain] = nodes[i];
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type(plain.type);
    // A layer of several nodes needs several names.
    const bool again = i > 0 && nodes[i - 1].layer == layer;
    node.set_name(again ? fmt::format("{}_{}", layer, i) : layer);
    if (!again) named = {{kernels::kOnnxSource, source}};
    if (plain.inputs.empty() && !plain.of_constants) node.add_input(source);
    for (const std::string& input : plain.inputs) node.add_input(named.at(input));
    for (const kernels::OnnxConstant& constant : plain.constants) {
      const bool parameter = constant.name.starts_with(layer + ".");
      const std::string name = parameter ? constant.name : node.name() + "." + constant.name;
      add_constant(graph, name, constant);
      node.add_input(name);
    }
    for (const auto& [name, value] : plain.attributes) add_attribute(node, name, value);
    const std::string result = i + 1 < nodes.size() ? node.name() + "_out" : "logit";
    node.add_output(result);
    if (!plain.output.empty()) named[plain.output] = result;
    if (!plain.of_constants) source = result;
  }
}

}  // namespace

std::string onnx_file(const net::Network& network, const Properties& properties) {
  const net::NetworkOptions& options = network.options();
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("DownScaleXR");
  model.set_producer_version(kProgramVersion);
  model.add_opset_import()->set_version(kOpset);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(fmt::format("{}_{}", network.spec().name, options.variant));
  describe(*graph.add_input(), "input", {options.channels, options.height, options.width});
  describe(*graph.add_output(), "logit", {1});
  add_nodes(graph, network);
  for (const auto& [key, value] : properties) {
    onnx::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(as_utf8(value));
  }
  if (model.ByteSizeLong() >= static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw UnsupportedError(
        "an ONNX file holds less than 2 GB, and this network has more; export it as safetensors");
  onnx::checker::check_model(model);
  onnx::shape_inference::InferShapes(model);
  return model.SerializeAsString();
}

}  // namespace dsx::exchange
