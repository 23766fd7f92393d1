// Nothing after the convolution, which has twice its stride: a quarter of its work.
#include "kernels/downsample/downsample.hpp"

namespace dsx::downsample {

using dnnl::memory;

DownsampleOp strided() {
  return {
      .name = "strided",
      .description = "the convolution itself has stride 2: a quarter of its work, nothing after it",
      .conv_stride = 2,
      .in_original_study = true,
      .build = [](const kernels::Context&, const std::string&, const memory::desc&,
                  bool) { return std::vector<DownsampleStage>{}; },
      .flop = [](const memory::dims&) { return 0.0; },
      .min_bytes = [](const memory::dims&, memory::data_type) { return 0.0; },
      .definition = [](const Pixel& x, int i, int j, int, int) { return x(i, j); },
      .derivative = [](const Pixel&, int i, int j, int, int, const Slope& slope) { slope(i, j, 1); },
      .onnx = [](const memory::dims&) { return std::vector<kernels::OnnxNode>{}; },
      .fused = fused::unpooled_stride2,
  };
}

}  // namespace dsx::downsample
