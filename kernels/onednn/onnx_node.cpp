#include "kernels/onednn/onnx_node.hpp"

namespace dsx::kernels {

std::vector<OnnxNode> wired(std::vector<OnnxNode> nodes) {
  std::string before = kOnnxSource;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].inputs.empty()) nodes[i].inputs = {before};
    if (nodes[i].output.empty()) nodes[i].output = "value" + std::to_string(i);
    before = nodes[i].output;
  }
  return nodes;
}

OnnxNode onnx_slice(std::int64_t height, std::int64_t width, std::int64_t step) {
  using Integers = std::vector<std::int64_t>;
  return {"Slice",
          {},
          {{"starts", {2}, Integers{0, 0}},
           {"ends", {2}, Integers{height, width}},
           {"axes", {2}, Integers{2, 3}},
           {"steps", {2}, Integers{step, step}}}};
}

OnnxNode onnx_pool(const std::string& type, std::int64_t kernel, std::int64_t stride, std::int64_t pad_before,
                   std::int64_t pad_after) {
  using Integers = std::vector<std::int64_t>;
  return {type,
          {{"kernel_shape", Integers{kernel, kernel}},
           {"strides", Integers{stride, stride}},
           {"pads", Integers{pad_before, pad_before, pad_after, pad_after}}}};
}

}  // namespace dsx::kernels
