#include "kernels/onednn/int8_weighted.hpp"

#include <algorithm>
#include <memory>

#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/paged_memory.hpp"
#include "kernels/onednn/primitive.hpp"
#include "kernels/onednn/reorder.hpp"

namespace dsx::kernels {

using dnnl::memory;
using tag = memory::format_tag;

namespace {

// What both operators tell oneDNN, and what their kernels then own.
struct Plan {
  memory::dims weights;  // plain
  std::size_t rows = 0;  // output channels
  int weights_mask = 0;  // of oneDNN's scales: one for each output channel
  ConvOptions options;
  Int8Scales scales;
  ZeroPoint zero;  // of SRC

  bool bias() const { return options.bias || zero.rest != 0; }
  memory::data_type dst_type() const { return scales.dst ? memory::data_type::u8 : memory::data_type::f32; }
  memory::desc weights_md() const { return {weights, memory::data_type::s8, tag::any}; }
  memory::desc bias_md() const {
    return bias() ? plain_md({static_cast<memory::dim>(rows)}) : memory::desc();
  }
};

Plan make_plan(const memory::dims& weights, std::size_t rows, const ConvOptions& options,
               const Int8Scales& scales, bool padded) {
  return {weights, rows, 1, options, scales, zero_point(scales.src, padded)};
}

dnnl::primitive_attr attributes(const Plan& plan) {
  auto attr = user_scratchpad_attr();
  attr.set_scales_mask(DNNL_ARG_SRC, 0);
  attr.set_scales_mask(DNNL_ARG_WEIGHTS, plan.weights_mask);
  if (plan.scales.dst) attr.set_scales_mask(DNNL_ARG_DST, 0);
  if (plan.zero.steps != 0) attr.set_zero_points_mask(DNNL_ARG_SRC, 0);
  if (plan.options.relu) {
    dnnl::post_ops ops;
    ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.F, 0.F);
    attr.set_post_ops(ops);
  }
  return attr;
}

memory vector_of(const Context& context, memory::dim count, float value) {
  memory made(plain_md({count}), context.engine);
  std::fill_n(static_cast<float*>(made.get_data_handle()), count, value);
  return made;
}

// Integers of WEIGHTS into `packed`, the scales that this took, and the bias.
std::function<void(const Arguments&)> preparation(const Context& context, const Plan& plan, memory packed,
                                                  memory scales, memory bias) {
  return [=, engine = context.engine](const Arguments& arguments) mutable {
    const auto* f32 = static_cast<const float*>(arguments.at(DNNL_ARG_WEIGHTS).get_data_handle());
    const auto plain = plain_md(plan.weights, memory::data_type::s8);
    auto weights = quantize_weights({f32, plain.get_size()}, plan.rows, weight_limit(), plan.scales.weights);
    const memory from(plain, engine, weights.values.data());
    reorder_now(from, packed);
    std::copy(weights.scales.begin(), weights.scales.end(), static_cast<float*>(scales.get_data_handle()));
    if (!plan.bias()) return;
    std::span<const float> given;
    if (plan.options.bias)
      given = {static_cast<const float*>(arguments.at(DNNL_ARG_BIAS).get_data_handle()), plan.rows};
    std::ranges::copy(weights.bias_for(plan.zero.rest, given), static_cast<float*>(bias.get_data_handle()));
  };
}

template <typename Primitive>
Kernel int8_kernel(const Context& context, const std::string& layer, const std::string& kind,
                   const typename Primitive::primitive_desc& pd, const Plan& plan, double flop) {
  auto kernel =
      make_kernel<Primitive>(kind, pd, {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS}, {DNNL_ARG_DST}, flop);
  refuse_ref(context, layer, kernel);
  const auto packed = make_paged_memory(kernel.arguments.at(DNNL_ARG_WEIGHTS), context.engine);
  const auto rows = static_cast<memory::dim>(plan.rows);
  const auto weight_scales = vector_of(context, rows, 1), bias = vector_of(context, rows, 0);
  kernel.own[DNNL_ARG_WEIGHTS] = packed;
  kernel.own[DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS] = weight_scales;
  kernel.own[DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC] = vector_of(context, 1, plan.scales.src.scale);
  if (plan.bias()) kernel.own[DNNL_ARG_BIAS] = bias;
  if (plan.scales.dst)
    kernel.own[DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST] = vector_of(context, 1, *plan.scales.dst);
  if (plan.zero.steps != 0) {
    memory zero(plain_md({1}, memory::data_type::s32), context.engine);
    *static_cast<std::int32_t*>(zero.get_data_handle()) = plan.zero.steps;
    kernel.own[DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC] = zero;
  }
  // What the step is bound to, and `prepare` reads.
  kernel.arguments[DNNL_ARG_WEIGHTS] = plain_md(plan.weights);
  if (!plan.options.bias) {
    kernel.arguments.erase(DNNL_ARG_BIAS);
    kernel.is_output.erase(DNNL_ARG_BIAS);
  }
  kernel.prepare = preparation(context, plan, packed, weight_scales, bias);
  return kernel;
}

}  // namespace

Kernel conv_forward_int8(const Context& context, const std::string& layer, const ConvShape& shape,
                         const ConvOptions& options, const Int8Scales& scales) {
  const bool padded = shape.padding_l > 0 || shape.padding_r > 0;
  auto plan = make_plan(shape.weights, static_cast<std::size_t>(shape.dst[1]), options, scales, padded);
  if (shape.depthwise()) plan.weights_mask = 1 | 2;  // groups are dimensions of their own
  const memory::dims strides{shape.stride, shape.stride}, before{shape.padding_l, shape.padding_l},
      after{shape.padding_r, shape.padding_r};
  const dnnl::convolution_forward::primitive_desc pd(
      context.engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      activation_md(shape.src, memory::data_type::u8, context.layout), plan.weights_md(), plan.bias_md(),
      activation_md(shape.dst, plan.dst_type(), context.layout), strides, before, after, attributes(plan));
  return int8_kernel<dnnl::convolution_forward>(context, layer, "convolution", pd, plan, conv_flop(shape));
}

Kernel inner_product_forward_int8(const Context& context, const std::string& layer,
                                  const InnerProductShape& shape, const ConvOptions& options,
                                  const Int8Scales& scales, const memory::desc& src_md) {
  const auto plan = make_plan(shape.weights, static_cast<std::size_t>(shape.dst[1]), options, scales, false);
  const dnnl::inner_product_forward::primitive_desc pd(
      context.engine, dnnl::prop_kind::forward_inference, src_md, plan.weights_md(), plan.bias_md(),
      memory::desc(shape.dst, plan.dst_type(), tag::nc), attributes(plan));
  return int8_kernel<dnnl::inner_product_forward>(context, layer, "inner_product", pd, plan,
                                                  inner_product_flop(shape));
}

}  // namespace dsx::kernels
