// A node of an ONNX graph as plain data: how an operator says what it is to other programs, in a list whose
// last node is its result. Turning nodes into a file is study/exchange's business, so that nothing here needs
// protobuf.
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dsx::kernels {

struct OnnxConstant {
  std::string name;  // unique in its node: "filter"; a network's parameters have PyTorch's names
  dnnl::memory::dims dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<std::int32_t>,
               std::vector<std::int8_t>, std::vector<std::uint8_t>>
      values;
};

struct OnnxNode {
  using Attribute = std::variant<std::int64_t, float, std::vector<std::int64_t>>;
  std::string type;  // ONNX's, of opset 17: "MaxPool"
  std::vector<std::pair<std::string, Attribute>> attributes = {};
  std::vector<OnnxConstant> constants = {};  // its last inputs
  // What comes before the constants: kOnnxSource, or the `output` of an earlier node of the same operator.
  // Empty: the node before it (of the first one, the source).
  std::vector<std::string> inputs = {};
  std::string output = {};    // for later nodes to name; unique in its operator
  bool of_constants = false;  // reads them alone; the node behind it does not follow it
};

// What an operator reads, as an input of its nodes.
inline const std::string kOnnxSource = "source";

// The same nodes with every `inputs` and `output` written out.
std::vector<OnnxNode> wired(std::vector<OnnxNode> nodes);

// Pixels [0, height) x [0, width) of [N, C, H, W], every `step`-th of them.
OnnxNode onnx_slice(std::int64_t height, std::int64_t width, std::int64_t step);

// MaxPool or AveragePool over square windows; `pads` above and left, below and right.
OnnxNode onnx_pool(const std::string& type, std::int64_t kernel, std::int64_t stride,
                   std::int64_t pad_before = 0, std::int64_t pad_after = 0);

}  // namespace dsx::kernels
