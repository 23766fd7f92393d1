// The control: every second pixel. It is not fused: its point is to do the whole convolution's work.
//
// Average over 1x1 windows with stride 2 is a plain copy of every second pixel, in every layout, without a
// reference implementation; an odd last row and column fall to a negative right padding.
#include "kernels/downsample/parts.hpp"

namespace dsx::downsample {

using dnnl::memory;

namespace {

// Only the pixels it keeps (the caches move whole lines all the same).
double min_bytes(const memory::dims& src, memory::data_type type) {
  return 2 * element_count(halved(src)) * static_cast<double>(memory::data_type_size(type));
}

std::vector<DownsampleStage> build(const kernels::Context& context, const std::string& layer,
                                   const memory::desc& src_md, bool training) {
  const auto src = src_md.get_dims();
  kernels::PoolShape shape{src, halved(src), {1, 1}, {2, 2}, {0, 0}, {-(src[2] % 2), -(src[3] % 2)}};
  DownsampleStage stage =
      pool_stage(context, layer, kernels::PoolKind::avg_exclude_padding, shape, src_md, training);
  stage.forward.cost = {.flop = 0, .min_bytes = min_bytes(src, src_md.get_data_type())};  // not of an average
  return {std::move(stage)};
}

}  // namespace

DownsampleOp slice() {
  return {
      .name = "slice",
      .description = "control: every second pixel of the stride-1 convolution, no arithmetic",
      .build = build,
      .flop = [](const memory::dims&) { return 0.0; },
      .min_bytes = min_bytes,
      .definition = [](const Pixel& x, int i, int j, int, int) { return x(2 * i, 2 * j); },
      .derivative = [](const Pixel&, int i, int j, int, int, const Slope& slope) { slope(2 * i, 2 * j, 1); },
      .onnx =
          [](const memory::dims& src) {
            return std::vector<kernels::OnnxNode>{kernels::onnx_slice(src[2] / 2 * 2, src[3] / 2 * 2, 2)};
          },
      .on_u8 = true,
  };
}

}  // namespace dsx::downsample
