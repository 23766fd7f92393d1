#include "kernels/onednn/onnx_node.hpp"

namespace dsx::kernels {

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
