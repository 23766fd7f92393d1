// Anti-aliased: the blur alone. One zero row on top and one zero column on the left, so that dst is
// floor(H/2) like the other operators' (the last window ends at H-1 or H-2).
#include "kernels/downsample/blur.hpp"
#include "kernels/downsample/parts.hpp"

namespace dsx::downsample {

using dnnl::memory;

DownsampleOp blurpool() {
  return {
      .name = "blurpool",
      .description = "anti-aliased: fixed [1 2 1]x[1 2 1]/16 filter, stride 2 (Zhang 2019)",
      .build =
          [](const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
             bool training) {
            return std::vector<DownsampleStage>{blur_stage(context, layer, src_md, 0, training)};
          },
      .flop = [](const memory::dims& src) { return blur_flop(halved(src)); },
      .min_bytes =
          [](const memory::dims& src, memory::data_type type) {
            return read_and_write(src, type) + blur_filter_bytes(src, type);
          },
      .definition = blurred,
      .derivative = [](const Pixel&, int i, int j, int rows, int columns,
                       const Slope& slope) { blur_taps(i, j, rows, columns, slope); },
      .halo_rows = kBlurHaloRows,
      .onnx = [](const memory::dims& src) { return std::vector<kernels::OnnxNode>{onnx_blur(src[1], 0)}; },
      .on_u8 = true,
  };
}

}  // namespace dsx::downsample
