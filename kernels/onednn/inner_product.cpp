// Inner product over oneDNN. Unlike a convolution's, these weights are large (45.5 MB for the study's fc1):
// their one layout serves forward, backward and the optimizer.
#include "kernels/onednn/inner_product.hpp"

#include <numeric>

#include "kernels/base/error.hpp"
#include "kernels/onednn/primitive.hpp"

namespace dsx::kernels {

using dnnl::memory;
using tag = memory::format_tag;

InnerProductShape inner_product_shape(const memory::dims& src, int out_features) {
  InnerProductShape shape{src, src, {src[0], out_features}};
  shape.weights[0] = out_features;
  return shape;
}

double inner_product_flop(const InnerProductShape& shape) {
  const auto in =
      std::accumulate(shape.src.begin() + 1, shape.src.end(), memory::dim{1}, std::multiplies<>());
  return 2.0 * static_cast<double>(shape.dst[0] * shape.dst[1]) * static_cast<double>(in);
}

namespace {

memory::desc bias_md(const InnerProductShape& shape, bool bias) {
  return bias ? memory::desc({shape.dst[1]}, memory::data_type::f32, tag::x) : memory::desc();
}

dnnl::inner_product_forward::primitive_desc inner_product_forward_pd(
    const Context& context, const InnerProductShape& shape, const ConvOptions& options,
    const memory::desc& src_md, const memory::desc& weights_md, memory::data_type dst_type) {
  auto attr = user_scratchpad_attr();
  if (options.relu) {
    dnnl::post_ops ops;
    ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
    attr.set_post_ops(ops);
  }
  const auto prop = options.pass == Pass::inference ? dnnl::prop_kind::forward_inference
                                                    : dnnl::prop_kind::forward_training;
  return {context.engine,
          prop,
          src_md,
          weights_md,
          bias_md(shape, options.bias),
          memory::desc(shape.dst, dst_type, tag::nc),
          attr};
}

// The first of {the weights' present layout, oneDNN's choice} that is not a reference implementation.
template <typename Build>
Kernel prefer_layout(const Context& context, const memory::desc& weights_md, const Build& build) {
  try {
    auto kernel = build(weights_md);
    if (!is_ref(kernel.impl)) return kernel;
  } catch (const dnnl::error&) {
    // Not offered for that layout at all.
  }
  return build(memory::desc(weights_md.get_dims(), context.dtype, tag::any));
}

}  // namespace

Kernel inner_product_forward(const Context& context, const std::string& layer, const InnerProductShape& shape,
                             const ConvOptions& options, const memory::desc& src_md,
                             memory::data_type dst_type) {
  const memory::desc weights_md(shape.weights, context.dtype, tag::any);
  auto kernel = make_kernel<dnnl::inner_product_forward>(
      "inner_product", inner_product_forward_pd(context, shape, options, src_md, weights_md, dst_type),
      {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}, {DNNL_ARG_DST}, inner_product_flop(shape));
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel inner_product_backward_data(const Context& context, const std::string& layer,
                                   const InnerProductShape& shape, const memory::desc& weights_md,
                                   const memory::desc& diff_src_md) {
  const memory::desc diff_dst_md(shape.dst, context.dtype, tag::nc);
  auto kernel = prefer_layout(context, weights_md, [&](const memory::desc& weights) {
    const auto hint = inner_product_forward_pd(context, shape, {Pass::training, false, false}, diff_src_md,
                                               weights, context.dtype);
    const dnnl::inner_product_backward_data::primitive_desc pd(context.engine, diff_src_md, weights,
                                                               diff_dst_md, hint, user_scratchpad_attr());
    return make_kernel<dnnl::inner_product_backward_data>("inner_product", pd,
                                                          {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS},
                                                          {DNNL_ARG_DIFF_SRC}, inner_product_flop(shape));
  });
  refuse_ref(context, layer, kernel);
  return kernel;
}

Kernel inner_product_backward_weights(const Context& context, const std::string& layer,
                                      const InnerProductShape& shape, bool bias, const memory::desc& src_md,
                                      const memory::desc& weights_md) {
  const memory::desc diff_dst_md(shape.dst, context.dtype, tag::nc);
  auto kernel = prefer_layout(context, weights_md, [&](const memory::desc& weights) {
    const auto hint = inner_product_forward_pd(context, shape, {Pass::training, bias, false}, src_md, weights,
                                               context.dtype);
    const dnnl::inner_product_backward_weights::primitive_desc pd(
        context.engine, src_md, weights, bias_md(shape, bias), diff_dst_md, hint, user_scratchpad_attr());
    return make_kernel<dnnl::inner_product_backward_weights>(
        "inner_product", pd, {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST}, {DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS},
        inner_product_flop(shape));
  });
  refuse_ref(context, layer, kernel);
  return kernel;
}

}  // namespace dsx::kernels
