#include "net/shapes.hpp"

#include <fmt/format.h>

#include <numeric>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/inner_product.hpp"
#include "kernels/onednn/layout.hpp"
#include "kernels/onednn/pool.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

// The Conv2d whose stride a Downsample at `index` may double: the nearest one before it, across ReLU and
// BatchNorm2d only.
std::size_t conv_before(const NetworkSpec& spec, std::size_t index) {
  for (std::size_t i = index; i-- > 0;) {
    const auto type = spec.layers[i].type;
    if (type == LayerType::conv2d) return i;
    if (type != LayerType::relu && type != LayerType::batch_norm2d) break;
  }
  throw ConfigError(fmt::format(
      "layer {}: this variant gives its stride to the convolution before it, but no Conv2d precedes "
      "the Downsample (only ReLU and BatchNorm2d may stand between)",
      spec.layers[index].name));
}

// Which convolutions are followed by a Downsample that works through their stride.
std::vector<bool> doubled_strides(const NetworkSpec& spec, const downsample::DownsampleOp& op) {
  std::vector<bool> doubled(spec.layers.size(), false);
  if (op.conv_stride == 1) return doubled;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (spec.layers[i].type == LayerType::downsample) doubled[conv_before(spec, i)] = true;
  }
  return doubled;
}

// A convolution with `factor` times its stride whose result has floor(H/2) x floor(W/2) of the original's
// pixels, as every operator of the table has: an odd last row and column fall to a right padding smaller by
// one.
kernels::ConvShape with_stride_factor(const memory::dims& src, const LayerSpec& layer, int factor) {
  auto shape = kernels::conv_shape(src, layer.out_channels, layer.kernel_size, layer.stride, layer.padding);
  if (factor == 1) return shape;
  if (shape.dst[2] < 2 || shape.dst[3] < 2) throw ConfigError("nothing is left to downsample");
  if (shape.dst[2] % 2 != shape.dst[3] % 2) {
    throw ConfigError(
        "the strided variant needs height and width both odd or both even before the Downsample");
  }
  shape.padding_r -= shape.dst[2] % 2 == 0 ? 0 : layer.stride;
  shape.dst[2] /= 2;
  shape.dst[3] /= 2;
  shape.stride *= factor;
  return shape;
}

void need_4d(const LayerShape& shape) {
  if (shape.src.size() != 4) throw ConfigError("needs an input [N, C, H, W], but gets a flat one");
}

void infer_layer(const LayerSpec& layer, bool doubled, LayerShape& shape) {
  const auto& src = shape.src;
  switch (layer.type) {
    case LayerType::conv2d:
      need_4d(shape);
      shape.conv = with_stride_factor(src, layer, doubled ? 2 : 1);
      shape.dst = shape.conv.dst;
      return;
    case LayerType::avg_pool2d:
    case LayerType::max_pool2d:
      need_4d(shape);
      shape.dst = kernels::pool_shape(src, layer.kernel_size, layer.stride, layer.padding).dst;
      return;
    case LayerType::adaptive_avg_pool2d:
      need_4d(shape);
      shape.dst = kernels::adaptive_pool_shape(src, layer.output_size).dst;
      return;
    case LayerType::batch_norm2d:
      need_4d(shape);
      shape.dst = src;
      return;
    case LayerType::linear:
      shape.dst = kernels::inner_product_shape(src, layer.out_features).dst;
      return;
    case LayerType::relu:
    case LayerType::flatten:  // Linear reads 4-D sources: flattening is only a view
      shape.dst = src;
      return;
    case LayerType::downsample:
      need_4d(shape);
      if (src[2] < 2 || src[3] < 2) throw ConfigError("nothing is left to downsample");
      shape.dst = {src[0], src[1], src[2] / 2, src[3] / 2};
      return;
  }
}

}  // namespace

std::vector<LayerShape> infer_shapes(const NetworkSpec& spec, const std::string& variant,
                                     const memory::dims& input, bool partial) {
  const auto& op = downsample::downsample_op(variant);
  const auto doubled = doubled_strides(spec, op);
  std::vector<LayerShape> shapes(spec.layers.size());
  auto current = input;
  bool flat = false;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    auto& shape = shapes[i];
    shape.src = current;
    try {
      if (layer.type == LayerType::linear && current.size() == 4 && !flat) {
        throw ConfigError("a Linear after an image needs a Flatten between them");
      }
      if (flat && current.size() == 4 && layer.type != LayerType::linear && layer.type != LayerType::relu) {
        throw ConfigError(fmt::format("{} cannot follow Flatten", to_string(layer.type)));
      }
      if (layer.type == LayerType::downsample && op.conv_stride != 1) {
        shape.dst = shape.src;  // already done by the convolution
      } else {
        infer_layer(layer, doubled[i], shape);
      }
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("network {}, layer {} on input {}: {}", spec.name, layer.name,
                                    kernels::dims_string(current), error.what()));
    }
    flat = flat || layer.type == LayerType::flatten;
    current = shape.dst;
  }
  if (!partial && (current.size() != 2 || current[1] != 1)) {
    throw ConfigError(fmt::format(
        "network {}: the last layer must be a Linear with out_features 1 (a logit), but it gives {}",
        spec.name, kernels::dims_string(current)));
  }
  return shapes;
}

}  // namespace dsx::net
