// Anti-aliased maximum: the maximum of 2x2 windows with stride 1 gives H-1 rows; the blur then pads 1 on
// every side.
#include <algorithm>

#include "kernels/downsample/blur.hpp"
#include "kernels/downsample/parts.hpp"

namespace dsx::downsample {

using dnnl::memory;

namespace {

memory::dims between(const memory::dims& src) { return {src[0], src[1], src[2] - 1, src[3] - 1}; }

std::vector<DownsampleStage> build(const kernels::Context& context, const std::string& layer,
                                   const memory::desc& src_md, bool training) {
  auto max = pool_stage(context, layer, kernels::PoolKind::max,
                        kernels::pool_shape(src_md.get_dims(), 2, 1, 0), src_md, training, "max");
  auto blur = blur_stage(context, layer, max.forward.arguments.at(DNNL_ARG_DST), 1, training);
  return {std::move(max), std::move(blur)};
}

double flop(const memory::dims& src) { return 4 * element_count(between(src)) + blur_flop(halved(src)); }

double min_bytes(const memory::dims& src, memory::data_type type) {
  return read_and_write(src, type) + blur_filter_bytes(src, type) +
         2 * element_count(between(src)) * static_cast<double>(memory::data_type_size(type));
}

double max_then_blur(const Pixel& x, int i, int j, int rows, int columns) {
  const Pixel max = [&](int h, int w) {
    return std::max({x(h, w), x(h, w + 1), x(h + 1, w), x(h + 1, w + 1)});
  };
  return blurred(max, i, j, rows - 1, columns - 1);
}

void slopes(const Pixel& x, int i, int j, int rows, int columns, const Slope& slope) {
  blur_taps(i, j, rows - 1, columns - 1, [&](int h, int w, double weight) {
    int first = 0;  // of equals, in the order of rows
    for (int k = 1; k < 4; ++k) {
      if (x(h + k / 2, w + k % 2) > x(h + first / 2, w + first % 2)) first = k;
    }
    slope(h + first / 2, w + first % 2, weight);
  });
}

}  // namespace

DownsampleOp maxblurpool() {
  return {
      .name = "maxblurpool",
      .description =
          "anti-aliased maximum: 2x2 maximum, stride 1, then the blur filter, stride 2 (Zhang 2019)",
      .backward_reads = {DNNL_ARG_WORKSPACE},
      .build = build,
      .flop = flop,
      .min_bytes = min_bytes,
      .definition = max_then_blur,
      .derivative = slopes,
      .halo_rows = kBlurHaloRows,
      .onnx =
          [](const memory::dims& src) {
            return std::vector<kernels::OnnxNode>{kernels::onnx_pool("MaxPool", 2, 1), onnx_blur(src[1], 1)};
          },
      .on_u8 = true,
  };
}

}  // namespace dsx::downsample
