// The blur runs as oneDNN's depthwise convolution with constant weights: one pass over the source, an
// implementation in every layout (a pair of 2x2 averages, which gives the same filter, writes an intermediate
// as large as the source).
#include "kernels/downsample/blur.hpp"

#include <algorithm>
#include <vector>

#include "kernels/downsample/parts.hpp"
#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/int8_weighted.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::downsample {

using dnnl::memory;

namespace {

kernels::ConvShape blur_shape(const memory::dims& src, int padding_r) {
  kernels::ConvShape shape;
  const auto out = [&](memory::dim in) { return (in + 1 + padding_r - 3) / 2 + 1; };
  shape.src = src;
  shape.weights = {src[1], 1, 1, 3, 3};
  shape.dst = {src[0], src[1], out(src[2]), out(src[3])};
  shape.stride = 2;
  shape.padding_l = 1;
  shape.padding_r = padding_r;
  return shape;
}

constexpr float kUnit = 1.F / 16;  // every weight is a multiple of it

// One filter per channel, [C, 1, 3, 3].
std::vector<float> filter_values(memory::dim channels) {
  constexpr float kRow[3] = {1, 2, 1};
  std::vector<float> values;
  for (memory::dim c = 0; c < channels; ++c) {
    for (int i = 0; i < 9; ++i) values.push_back(kRow[i / 3] * kRow[i % 3] * kUnit);
  }
  return values;
}

memory blur_filter(const kernels::Context& context, int channels, const memory::desc& weights_md) {
  memory plain(kernels::plain_md({channels, 1, 1, 3, 3}), context.engine);
  const auto values = filter_values(channels);
  std::copy(values.begin(), values.end(), static_cast<float*>(plain.get_data_handle()));
  memory packed(weights_md, context.engine);
  kernels::reorder_now(plain, packed);
  return packed;
}

// On integers whose scale stays: filter and sums are exact.
kernels::Kernel blur_u8(const kernels::Context& context, const std::string& layer,
                        const kernels::ConvShape& shape) {
  return kernels::conv_forward_int8(context, layer, shape, {kernels::Pass::inference, false, false},
                                    {.src = {}, .dst = 1.F, .weights = kUnit});
}

}  // namespace

DownsampleStage blur_stage(const kernels::Context& context, const std::string& layer,
                           const memory::desc& src_md, int padding_r, bool training) {
  const auto shape = blur_shape(src_md.get_dims(), padding_r);
  const int channels = static_cast<int>(shape.src[1]);
  const auto want_src = context.layout == kernels::Layout::any
                            ? kernels::activation_md(shape.src, context.dtype, kernels::Layout::any)
                            : src_md;
  const auto want_dst = kernels::activation_md(shape.dst, context.dtype, context.layout);
  DownsampleStage stage;
  stage.suffix = "blur";
  const auto pass = training ? kernels::Pass::training : kernels::Pass::inference;
  stage.forward =
      src_md.get_data_type() == memory::data_type::u8
          ? blur_u8(context, layer, shape)
          : kernels::conv_forward(context, layer, shape, {pass, false, false}, want_src, want_dst);
  stage.forward_constants[DNNL_ARG_WEIGHTS] =
      blur_filter(context, channels, stage.forward.arguments.at(DNNL_ARG_WEIGHTS));
  if (training) {
    stage.backward_data = kernels::conv_backward_data(context, layer, shape, want_src, want_dst);
    stage.backward_constants[DNNL_ARG_WEIGHTS] =
        blur_filter(context, channels, stage.backward_data.arguments.at(DNNL_ARG_WEIGHTS));
  }
  return stage;
}

double blur_flop(const memory::dims& dst) { return 2 * 9 * element_count(dst); }

double blur_filter_bytes(const memory::dims& src, memory::data_type type) {
  return 9 * static_cast<double>(src[1]) * static_cast<double>(memory::data_type_size(type));
}

void blur_taps(int i, int j, int rows, int columns, const Slope& tap) {
  constexpr double kRow[3] = {0.25, 0.5, 0.25};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const int h = 2 * i - 1 + a, w = 2 * j - 1 + b;
      if (h >= 0 && h < rows && w >= 0 && w < columns) tap(h, w, kRow[a] * kRow[b]);
    }
  }
}

double blurred(const Pixel& x, int i, int j, int rows, int columns) {
  double sum = 0;
  blur_taps(i, j, rows, columns, [&](int h, int w, double weight) { sum += weight * x(h, w); });
  return sum;
}

kernels::OnnxNode onnx_blur(memory::dim channels, int padding_r) {
  using Integers = std::vector<std::int64_t>;
  return {"Conv",
          {{"group", channels},
           {"kernel_shape", Integers{3, 3}},
           {"strides", Integers{2, 2}},
           {"pads", Integers{1, 1, padding_r, padding_r}}},
          {{"filter", {channels, 1, 3, 3}, filter_values(channels)}}};
}

}  // namespace dsx::downsample
