// Convolution over oneDNN. Weights are left to oneDNN (format any): they are small here, and each
// implementation has its own order for them; activations are the caller's, because their layout is what the
// study varies.
#include "kernels/onednn/conv.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::algorithm;
using dnnl::memory;
using tag = memory::format_tag;

std::string to_string(Pass pass) { return pass == Pass::inference ? "inference" : "training"; }

ConvShape conv_shape(const memory::dims& src, int out_channels, int kernel_size, int stride, int padding) {
  ConvShape shape;
  shape.src = src;
  shape.weights = {out_channels, src[1], kernel_size, kernel_size};
  shape.stride = stride;
  shape.padding_l = shape.padding_r = padding;
  const auto out = [&](memory::dim in) { return (in + 2 * padding - kernel_size) / stride + 1; };
  if (src[2] + 2 * padding < kernel_size || src[3] + 2 * padding < kernel_size) {
    throw ConfigError(fmt::format("a {0}x{0} convolution does not fit an input of {1}x{2} with padding {3}",
                                  kernel_size, src[2], src[3], padding));
  }
  shape.dst = {src[0], out_channels, out(src[2]), out(src[3])};
  return shape;
}

double conv_flop(const ConvShape& shape) {
  const auto n = shape.weights.size();
  const auto taps =
      shape.weights[n - 3] * shape.weights[n - 2] * shape.weights[n - 1];  // IC/groups * KH * KW
  return 2.0 * static_cast<double>(shape.dst[0] * shape.dst[1] * shape.dst[2] * shape.dst[3]) *
         static_cast<double>(taps);
}

namespace {

struct Descs {
  memory::desc weights, bias;
  memory::dims strides, padding_l, padding_r;
};

Descs descs(const Context& context, const ConvShape& shape, bool bias) {
  Descs d;
  d.weights = memory::desc(shape.weights, context.dtype, tag::any);
  // Biases stay f32 under bf16: they are added to an f32 accumulator.
  if (bias) d.bias = memory::desc({shape.dst[1]}, memory::data_type::f32, tag::x);
  d.strides = {shape.stride, shape.stride};
  d.padding_l = {shape.padding_l, shape.padding_l};
  d.padding_r = {shape.padding_r, shape.padding_r};
  return d;
}

dnnl::convolution_forward::primitive_desc conv_forward_pd(const Context& context, const ConvShape& shape,
                                                          const ConvOptions& options,
                                                          const memory::desc& src_md,
                                                          const memory::desc& dst_md) {
  const auto d = descs(context, shape, options.bias);
  auto attr = user_scratchpad_attr();
  if (options.relu) {
    dnnl::post_ops ops;
    ops.append_eltwise(algorithm::eltwise_relu, 0.f, 0.f);
    attr.set_post_ops(ops);
  }
  const auto prop = options.pass == Pass::inference ? dnnl::prop_kind::forward_inference
                                                    : dnnl::prop_kind::forward_training;
  return {context.engine, prop,      algorithm::convolution_direct,
          src_md,         d.weights, d.bias,
          dst_md,         d.strides, d.padding_l,
          d.padding_r,    attr};
}

// What the backward descriptors take as a hint: a forward pass of the same shape.
dnnl::convolution_forward::primitive_desc hint_pd(const Context& context, const ConvShape& shape, bool bias,
                                                  const memory::desc& src_md, const memory::desc& dst_md) {
  return conv_forward_pd(context, shape, {Pass::training, bias, false}, src_md, dst_md);
}

}  // namespace

Kernel conv_forward(const Context& context, const std::string& layer, const ConvShape& shape,
                    const ConvOptions& options, const memory::desc& src_md, const memory::desc& dst_md) {
  auto kernel = make_kernel<dnnl::convolution_forward>(
      "convolution", conv_forward_pd(context, shape, options, src_md, dst_md),
      {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}, {DNNL_ARG_DST}, conv_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel conv_backward_data(const Context& context, const std::string& layer, const ConvShape& shape,
                          const memory::desc& diff_src_md, const memory::desc& diff_dst_md) {
  const auto d = descs(context, shape, false);
  const auto hint = hint_pd(context, shape, false, diff_src_md, diff_dst_md);
  const dnnl::convolution_backward_data::primitive_desc pd(
      context.engine, algorithm::convolution_direct, diff_src_md, d.weights, diff_dst_md, d.strides,
      d.padding_l, d.padding_r, hint, user_scratchpad_attr());
  auto kernel = make_kernel<dnnl::convolution_backward_data>(
      "convolution", pd, {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS}, {DNNL_ARG_DIFF_SRC}, conv_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel conv_backward_weights(const Context& context, const std::string& layer, const ConvShape& shape,
                             bool bias, const memory::desc& src_md, const memory::desc& diff_dst_md) {
  const auto d = descs(context, shape, bias);
  const auto hint = hint_pd(context, shape, bias, src_md, diff_dst_md);
  const dnnl::convolution_backward_weights::primitive_desc pd(
      context.engine, algorithm::convolution_direct, src_md, d.weights, d.bias, diff_dst_md, d.strides,
      d.padding_l, d.padding_r, hint, user_scratchpad_attr());
  auto kernel = make_kernel<dnnl::convolution_backward_weights>(
      "convolution", pd, {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST}, {DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS},
      conv_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

}  // namespace dsx::kernels
