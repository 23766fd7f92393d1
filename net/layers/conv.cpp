// Conv2d: square kernels, one group, no dilation; see kernels/onednn/conv.hpp. With --engine fused, the ReLU
// and the Downsample behind it are part of one kernel of ours where there is one.
//   dst = floor((src + 2 * padding - kernel_size) / stride) + 1
#include "kernels/onednn/conv.hpp"

#include <algorithm>
#include <optional>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/fused/fused_block.hpp"
#include "kernels/fused/fused_train.hpp"
#include "kernels/fused/int8_block.hpp"
#include "net/layers/weighted.hpp"

namespace dsx::net {

namespace {

// What a Downsample that works through this convolution multiplies its stride by; 1 where none does.
int stride_factor(const LayerPlace& place) {
  for (std::size_t ahead = 1; place.next(ahead) != nullptr; ++ahead) {
    if (place.next(ahead)->downsamples) return place.op.conv_stride;
    if (!place.next(ahead)->pointwise) break;
  }
  return 1;
}

// With twice the stride the result has floor(H/2) x floor(W/2) of the original's pixels, as every operator of
// the table has: an odd last row and column fall to a right padding smaller by one stride.
kernels::ConvShape conv_shape(const LayerPlace& place) {
  need_image(place);
  const LayerSpec& layer = place.layer();
  const int stride = layer.integer("stride");
  auto shape = kernels::conv_shape(place.src, layer.integer("out_channels"), layer.integer("kernel_size"),
                                   stride, layer.integer("padding"));
  const int factor = stride_factor(place);
  if (factor == 1) return shape;
  if (shape.dst[2] < 2 || shape.dst[3] < 2) throw ConfigError("nothing is left to downsample");
  if (shape.dst[2] % 2 != shape.dst[3] % 2) {
    throw ConfigError("the variant " + place.op.name +
                      " needs height and width both odd or both even before the Downsample");
  }
  shape.padding_r -= shape.dst[2] % 2 == 0 ? 0 : stride;
  shape.dst[2] /= 2;
  shape.dst[3] /= 2;
  shape.stride *= factor;
  return shape;
}

dnnl::memory::dims shape(const LayerPlace& place) { return conv_shape(place).dst; }

std::vector<Parameter> parameters(const LayerPlace& place) {
  const auto dims = conv_shape(place).weights;
  return weight_and_bias(place, dims, dims);
}

// Convolution, ReLU and Downsample, one after the other, as one kernel of ours.
std::optional<fused::FusedPool> fused_pool(const LayerPlace& place, const GraphWriter& graph) {
  const bool block = place.relu_follows() && place.next(2) != nullptr && place.next(2)->downsamples;
  if (!graph.context.fused || !block) return std::nullopt;
  if (graph.quantization != nullptr) {
    const bool integers = place.op.on_u8 || place.op.acts_in_convolution();
    return integers ? fused::int8_pool_for(conv_shape(place), place.op.fused) : std::nullopt;
  }
  const auto choose = graph.training() ? fused::fused_train_pool_for : fused::fused_pool_for;
  return choose(graph.context, conv_shape(place), place.op.fused);
}

void build_fused_inference(const LayerPlace& place, GraphWriter& graph, fused::FusedPool pool) {
  const LayerSpec& layer = place.layer();
  // Only another fused block insists on nchw.
  const bool last_block = place.next(3) == nullptr || !place.next(3)->takes_stride;
  add_weighted(graph, layer, true,
               fused::fused_block_forward(graph.context, layer.name, conv_shape(place),
                                          {pool, layer.flag("bias"), last_block}));
}

void build_fused_training(const LayerPlace& place, GraphWriter& graph, fused::FusedPool pool) {
  const LayerSpec& layer = place.layer();
  const auto shape = conv_shape(place);
  const auto w = add_weighted(
      graph, layer, true,
      fused::fused_block_forward_training(graph.context, layer.name, shape, pool, layer.flag("bias")));
  graph.on_backward([=, &graph](TensorId diff_dst, bool need_diff_src) {
    auto tensors = weighted_gradients(graph, w, diff_dst);
    if (w.workspace == kNoTensor) tensors[DNNL_ARG_DST] = w.dst;
    if (w.workspace != kNoTensor) tensors[DNNL_ARG_WORKSPACE] = w.workspace;
    if (need_diff_src) tensors[DNNL_ARG_WEIGHTS] = w.weights;
    const auto out = graph.add_node(
        w.name + ".backward", w.name, kernels::Phase::backward,
        fused::fused_block_backward(graph.context, w.name, shape, pool, w.bias, need_diff_src), tensors);
    return need_diff_src ? out.at(DNNL_ARG_DIFF_SRC) : kNoTensor;
  });
}

// Returns how many of the layers behind it are included.
std::size_t build_int8(const LayerPlace& place, GraphWriter& graph) {
  if (graph.context.fused) fused::require_int8();
  const LayerSpec& layer = place.layer();
  const auto scales = int8_scales(graph, place);
  if (const auto pool = fused_pool(place, graph)) {
    add_weighted_int8(graph, place,
                      fused::int8_block_forward(graph.context, layer.name, conv_shape(place), *pool,
                                                layer.flag("bias"), scales));
    return 2;
  }
  add_weighted_int8(
      graph, place,
      kernels::conv_forward_int8(graph.context, layer.name, conv_shape(place),
                                 {graph.pass, layer.flag("bias"), place.relu_follows()}, scales));
  return place.relu_follows() ? 1 : 0;
}

std::size_t build(const LayerPlace& place, GraphWriter& graph) {
  if (graph.quantization != nullptr) return build_int8(place, graph);
  if (const auto pool = fused_pool(place, graph)) {
    (graph.training() ? build_fused_training : build_fused_inference)(place, graph, *pool);
    return 2;
  }
  const LayerSpec& layer = place.layer();
  const auto shape = conv_shape(place);
  const bool relu = place.relu_follows();
  const auto src_md = graph.wanted_md(shape.src);
  const auto w = add_weighted(
      graph, layer, relu,
      kernels::conv_forward(graph.context, layer.name, shape, {graph.pass, layer.flag("bias"), relu}, src_md,
                            graph.wanted_md(shape.dst)));
  // The gradient of dst has dst's layout, so that a fused ReLU's gradient needs no reorder.
  const auto diff_dst_md =
      graph.context.layout == kernels::Layout::any ? graph.wanted_md(shape.dst) : graph.md_of(w.dst);
  add_weighted_backward(
      graph, w,
      [=, &context = graph.context] {
        return kernels::conv_backward_weights(context, w.name, shape, w.bias, src_md, diff_dst_md);
      },
      [=, &context = graph.context] {
        return kernels::conv_backward_data(context, w.name, shape, src_md, diff_dst_md);
      });
  return relu ? 1 : 0;
}

// ONNX has no negative padding: a last row and column that a stride leaves out are cut off before.
std::vector<kernels::OnnxNode> onnx(const LayerPlace& place, const Parameters& all) {
  using Integers = std::vector<std::int64_t>;
  const auto shape = conv_shape(place);
  std::vector<kernels::OnnxNode> nodes;
  if (shape.padding_r < 0)
    nodes.push_back(kernels::onnx_slice(shape.src[2] + shape.padding_r, shape.src[3] + shape.padding_r, 1));
  const std::int64_t before = shape.padding_l, after = std::max(0, shape.padding_r), stride = shape.stride;
  nodes.push_back({"Conv",
                   {{"kernel_shape", Integers{shape.weights[2], shape.weights[3]}},
                    {"strides", Integers{stride, stride}},
                    {"pads", Integers{before, before, after, after}}},
                   onnx_weight_and_bias(place, all)});
  return nodes;
}

}  // namespace

LayerType conv_layer() {
  return {
      .name = "Conv2d",
      .short_name = "conv",
      .keys = {{.name = "out_channels", .value = 0, .least = 1, .required = true},
               {.name = "kernel_size", .value = 0, .least = 1, .required = true},
               {.name = "stride", .value = 1, .least = 1},
               {.name = "padding", .value = 0},
               {.name = "bias", .value = true}},
      .shape = shape,
      .parameters = parameters,
      .build = build,
      .onnx = onnx,
      .int8 = [](const LayerPlace&) { return Int8::integers; },
      .takes_stride = true,
  };
}

}  // namespace dsx::net
