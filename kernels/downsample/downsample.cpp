// The table itself. Operators made of pooling primitives are built here; those with a fixed filter in
// blur.cpp.
#include "kernels/downsample/downsample.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/base/error.hpp"
#include "kernels/downsample/blur.hpp"
#include "kernels/onednn/pool.hpp"

namespace dsx::downsample {

using dnnl::memory;

namespace {

using Stages = std::vector<DownsampleStage>;
using OnnxNodes = std::vector<kernels::OnnxNode>;

memory::dims halved(const memory::dims& src) { return {src[0], src[1], src[2] / 2, src[3] / 2}; }

double element_count(const memory::dims& dims) {
  double count = 1;
  for (const auto d : dims) count *= static_cast<double>(d);
  return count;
}

DownsampleStage pool_stage(const kernels::Context& context, const std::string& layer, kernels::PoolKind kind,
                           const kernels::PoolShape& shape, const memory::desc& src_md, bool training,
                           const std::string& suffix = "") {
  const auto want_dst = kernels::activation_md(shape.dst, context.dtype, context.layout);
  DownsampleStage stage;
  stage.suffix = suffix;
  stage.forward =
      kernels::pool_forward(context, layer, kind, shape,
                            training ? kernels::Pass::training : kernels::Pass::inference, src_md, want_dst);
  if (training) {
    const auto dst_md = stage.forward.arguments.at(DNNL_ARG_DST);
    stage.backward_data = kernels::pool_backward(context, layer, kind, shape, src_md, dst_md);
  }
  return stage;
}

Stages build_avgpool(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
                     bool training) {
  return {pool_stage(context, layer, kernels::PoolKind::avg_exclude_padding,
                     kernels::pool_shape(src_md.get_dims(), 2, 2, 0), src_md, training)};
}

Stages build_maxpool(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
                     bool training) {
  return {pool_stage(context, layer, kernels::PoolKind::max, kernels::pool_shape(src_md.get_dims(), 2, 2, 0),
                     src_md, training)};
}

Stages build_strided(const kernels::Context&, const std::string&, const memory::desc&, bool) { return {}; }

// Average over 1x1 windows with stride 2 is a plain copy of every second pixel, in every layout, without a
// reference implementation; an odd last row and column fall to a negative right padding.
Stages build_slice(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
                   bool training) {
  const auto src = src_md.get_dims();
  kernels::PoolShape shape{src, halved(src), {1, 1}, {2, 2}, {0, 0}, {-(src[2] % 2), -(src[3] % 2)}};
  return {pool_stage(context, layer, kernels::PoolKind::avg_exclude_padding, shape, src_md, training)};
}

Stages build_blurpool(const kernels::Context& context, const std::string& layer, const memory::desc& src_md,
                      bool training) {
  return {blur_stage(context, layer, src_md, 0, training)};
}

Stages build_maxblurpool(const kernels::Context& context, const std::string& layer,
                         const memory::desc& src_md, bool training) {
  auto max = pool_stage(context, layer, kernels::PoolKind::max,
                        kernels::pool_shape(src_md.get_dims(), 2, 1, 0), src_md, training, "max");
  auto blur = blur_stage(context, layer, max.forward.arguments.at(DNNL_ARG_DST), 1, training);
  return {std::move(max), std::move(blur)};
}

// Forward arithmetic of the operator alone, per output element.
double no_flop(const memory::dims&) { return 0; }
double window_flop(const memory::dims& src) { return 4 * element_count(halved(src)); }
double blur_flop(const memory::dims& src) { return 2 * 9 * element_count(halved(src)); }
double maxblur_flop(const memory::dims& src) {
  return 4 * element_count({src[0], src[1], src[2] - 1, src[3] - 1}) + blur_flop(src);
}

double no_bytes(const memory::dims&, memory::data_type) { return 0; }
double read_and_write(const memory::dims& src, memory::data_type type) {
  return (element_count(src) + element_count(halved(src))) *
         static_cast<double>(memory::data_type_size(type));
}
// A slice needs only the pixels it keeps (the caches move whole lines all the same).
double slice_bytes(const memory::dims& src, memory::data_type type) {
  return 2 * element_count(halved(src)) * static_cast<double>(memory::data_type_size(type));
}
double maxblur_bytes(const memory::dims& src, memory::data_type type) {
  const double between = element_count({src[0], src[1], src[2] - 1, src[3] - 1});
  return read_and_write(src, type) + 2 * between * static_cast<double>(memory::data_type_size(type));
}

// As ONNX. Padding below and right is none: with floor, it would only matter where it is not wanted.
OnnxNodes onnx_avgpool(const memory::dims&) { return {kernels::onnx_pool("AveragePool", 2, 2)}; }
OnnxNodes onnx_maxpool(const memory::dims&) { return {kernels::onnx_pool("MaxPool", 2, 2)}; }
OnnxNodes onnx_strided(const memory::dims&) { return {}; }
OnnxNodes onnx_every_second(const memory::dims& src) {
  return {kernels::onnx_slice(src[2] / 2 * 2, src[3] / 2 * 2, 2)};
}
OnnxNodes onnx_blurpool(const memory::dims& src) { return {onnx_blur(src[1], 0)}; }
OnnxNodes onnx_maxblurpool(const memory::dims& src) {
  return {kernels::onnx_pool("MaxPool", 2, 1), onnx_blur(src[1], 1)};
}

}  // namespace

const std::vector<DownsampleOp>& downsample_table() {
  // name, description, convolution stride, in the original study, workspace, weights, build, flop, min_bytes,
  // onnx
  static const std::vector<DownsampleOp> table{
      {"avgpool", "2x2 average, stride 2, after the stride-1 convolution", 1, true, false, false,
       build_avgpool, window_flop, read_and_write, onnx_avgpool},
      {"maxpool", "2x2 maximum, stride 2, after the stride-1 convolution", 1, true, true, false,
       build_maxpool, window_flop, read_and_write, onnx_maxpool},
      {"strided", "the convolution itself has stride 2: a quarter of its work, nothing after it", 2, true,
       false, false, build_strided, no_flop, no_bytes, onnx_strided},
      {"slice", "control: every second pixel of the stride-1 convolution, no arithmetic", 1, false, false,
       false, build_slice, no_flop, slice_bytes, onnx_every_second},
      {"blurpool", "anti-aliased: fixed [1 2 1]x[1 2 1]/16 filter, stride 2 (Zhang 2019)", 1, false, false,
       false, build_blurpool, blur_flop, read_and_write, onnx_blurpool},
      {"maxblurpool",
       "anti-aliased maximum: 2x2 maximum, stride 1, then the blur filter, stride 2 (Zhang 2019)", 1, false,
       true, false, build_maxblurpool, maxblur_flop, maxblur_bytes, onnx_maxblurpool},
  };
  return table;
}

const DownsampleOp& downsample_op(const std::string& name) {
  const auto& table = downsample_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& op) { return op.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string> names;
  for (const auto& op : table) names.push_back(op.name);
  throw ConfigError(fmt::format("variant '{}' is not known: use one of {}", name, fmt::join(names, ", ")));
}

}  // namespace dsx::downsample
