// Pooling over oneDNN. Gradients take the layout of their activations, so a plan needs no reorder around a
// pool.
#include "kernels/onednn/pool.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::algorithm;
using dnnl::memory;

PoolShape pool_shape(const memory::dims& src, int kernel_size, int stride, int padding) {
  if (src[2] + 2 * padding < kernel_size || src[3] + 2 * padding < kernel_size) {
    throw ConfigError(
        fmt::format("a {0}x{0} pooling window does not fit an input of {1}x{2} with padding {3}", kernel_size,
                    src[2], src[3], padding));
  }
  if (padding >= kernel_size) {
    throw ConfigError(
        fmt::format("pooling padding {} must be smaller than kernel_size {}", padding, kernel_size));
  }
  const auto out = [&](memory::dim in) { return (in + 2 * padding - kernel_size) / stride + 1; };
  return {src,
          {src[0], src[1], out(src[2]), out(src[3])},
          {kernel_size, kernel_size},
          {stride, stride},
          {padding, padding},
          {padding, padding}};
}

PoolShape adaptive_pool_shape(const memory::dims& src, int output_size) {
  if (output_size < 1 || src[2] % output_size != 0 || src[3] % output_size != 0) {
    throw ConfigError(
        fmt::format("adaptive pooling of {}x{} to {}x{} would need windows of different sizes; choose an "
                    "output_size that divides the input",
                    src[2], src[3], output_size, output_size));
  }
  const memory::dims window{src[2] / output_size, src[3] / output_size};
  return {src, {src[0], src[1], output_size, output_size}, window, window, {0, 0}, {0, 0}};
}

double pool_flop(const PoolShape& shape) {
  return static_cast<double>(shape.dst[0] * shape.dst[1] * shape.dst[2] * shape.dst[3]) *
         static_cast<double>(shape.kernel[0] * shape.kernel[1]);
}

namespace {

algorithm pool_algorithm(PoolKind kind) {
  switch (kind) {
    case PoolKind::max:
      return algorithm::pooling_max;
    case PoolKind::avg_exclude_padding:
      return algorithm::pooling_avg_exclude_padding;
    case PoolKind::avg_include_padding:
      return algorithm::pooling_avg_include_padding;
  }
  return algorithm::undef;
}

const memory::dims kNoDilation{0, 0};  // oneDNN: 0 = none

dnnl::pooling_forward::primitive_desc pool_forward_pd(const Context& context, PoolKind kind,
                                                      const PoolShape& shape, Pass pass,
                                                      const memory::desc& src_md,
                                                      const memory::desc& dst_md) {
  const auto prop =
      pass == Pass::inference ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  return {context.engine,        prop,         pool_algorithm(kind), src_md,          dst_md,
          shape.stride,          shape.kernel, kNoDilation,          shape.padding_l, shape.padding_r,
          user_scratchpad_attr()};
}

}  // namespace

Kernel pool_forward(const Context& context, const std::string& layer, PoolKind kind, const PoolShape& shape,
                    Pass pass, const memory::desc& src_md, const memory::desc& dst_md) {
  auto kernel = make_kernel<dnnl::pooling_forward>(
      "pooling", pool_forward_pd(context, kind, shape, pass, src_md, dst_md), {DNNL_ARG_SRC},
      {DNNL_ARG_DST, DNNL_ARG_WORKSPACE}, pool_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel pool_backward(const Context& context, const std::string& layer, PoolKind kind, const PoolShape& shape,
                     const memory::desc& forward_src_md, const memory::desc& forward_dst_md) {
  const auto hint = pool_forward_pd(context, kind, shape, Pass::training, forward_src_md, forward_dst_md);
  const dnnl::pooling_backward::primitive_desc pd(
      context.engine, pool_algorithm(kind), forward_src_md, forward_dst_md, shape.stride, shape.kernel,
      kNoDilation, shape.padding_l, shape.padding_r, hint, user_scratchpad_attr());
  auto kernel = make_kernel<dnnl::pooling_backward>("pooling", pd, {DNNL_ARG_DIFF_DST, DNNL_ARG_WORKSPACE},
                                                    {DNNL_ARG_DIFF_SRC}, pool_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

}  // namespace dsx::kernels
