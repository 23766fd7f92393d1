#include "bench/arms/network_reference.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/bce_loss.hpp"

namespace dsx::bench {

NetworkReference::NetworkReference(const net::Network& network)
    : spec_(network.spec()), options_(network.options()) {
  for (const auto& p : network.parameters().all) {
    const auto values = p.get();
    parameters_.push_back({p.name, {values.begin(), values.end()}});
  }
}

const std::vector<double>& NetworkReference::parameter(const std::string& name) const {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Values& p) { return p.name == name; });
  if (found == parameters_.end()) throw std::logic_error("no parameter " + name);
  return found->values;
}

double NetworkReference::logit(std::span<const float> image) const {
  Image x{options_.channels, options_.height, options_.width, {image.begin(), image.end()}};
  for (std::size_t i = 0; i < spec_.layers.size(); ++i) x = apply(i, x);
  return x.values.at(0);
}

double NetworkReference::loss(const std::vector<std::span<const float>>& images,
                              std::span<const float> labels, const std::string& name, std::size_t index,
                              double delta) {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Values& p) { return p.name == name; });
  if (found == parameters_.end()) throw std::logic_error("no parameter " + name);
  auto& value = found->values.at(index);
  const double before = value;
  value += delta;
  double sum = 0;
  for (std::size_t i = 0; i < images.size(); ++i)
    sum += kernels::bce_with_logits_value(logit(images[i]), labels[i]);
  value = before;
  return sum / static_cast<double>(images.size());
}

NetworkReference::Image NetworkReference::apply(std::size_t index, const Image& x) const {
  const auto& layer = spec_.layers[index];
  const net::LayerType& type = *layer.type;
  if (type.name == "Conv2d") {
    // The operator doubles the stride of the convolution before it, across ReLU and BatchNorm2d.
    std::size_t next = index + 1;
    while (next < spec_.layers.size() && spec_.layers[next].type->pointwise) ++next;
    const bool before_op = next < spec_.layers.size() && spec_.layers[next].type->downsamples;
    return conv(layer, x, before_op ? downsample::downsample_op(options_.variant).conv_stride : 1);
  }
  if (type.name == "BatchNorm2d") return batch_norm(layer, x);
  if (type.is_relu) {
    auto y = x;
    for (auto& value : y.values) value = std::max(value, 0.0);
    return y;
  }
  if (type.downsamples) return downsample(x);
  if (type.flattens) return {static_cast<int>(x.values.size()), 1, 1, x.values};
  if (type.name == "Linear") return linear(layer, x);
  return pool(layer, x);
}

NetworkReference::Image NetworkReference::conv(const net::LayerSpec& layer, const Image& x,
                                               int stride_factor) const {
  const int k = layer.integer("kernel_size"), padding = layer.integer("padding");
  const auto size = [&](int in) {
    const int out = (in + 2 * padding - k) / std::max(1, layer.integer("stride")) + 1;
    return stride_factor == 1 ? out : out / 2;
  };
  const int stride = std::max(1, layer.integer("stride")) * stride_factor;
  Image y{layer.integer("out_channels"), size(x.rows), size(x.columns), {}};
  y.values.assign(static_cast<std::size_t>(y.channels) * y.rows * y.columns, 0);
  const auto& weights = parameter(layer.name + ".weight");
  for (int oc = 0; oc < y.channels; ++oc) {
    double* out = &y.values[static_cast<std::size_t>(oc) * y.rows * y.columns];
    if (layer.flag("bias")) std::fill_n(out, y.rows * y.columns, parameter(layer.name + ".bias")[oc]);
    for (int tap = 0; tap < x.channels * k * k; ++tap) {
      const int ic = tap / (k * k), a = tap / k % k, b = tap % k;
      const double w = weights[static_cast<std::size_t>(oc) * x.channels * k * k + tap];
      for (int i = 0; i < y.rows; ++i) {
        const int h = i * stride - padding + a;
        if (h < 0 || h >= x.rows) continue;
        const double* in = &x.values[(static_cast<std::size_t>(ic) * x.rows + h) * x.columns];
        for (int j = 0; j < y.columns; ++j) {
          const int column = j * stride - padding + b;
          if (column >= 0 && column < x.columns) out[i * y.columns + j] += w * in[column];
        }
      }
    }
  }
  return y;
}

NetworkReference::Image NetworkReference::batch_norm(const net::LayerSpec& layer, const Image& x) const {
  auto y = x;
  const auto pixels = static_cast<std::size_t>(x.rows) * x.columns;
  for (int c = 0; c < x.channels; ++c) {
    const double scale = parameter(layer.name + ".weight")[c] /
                         std::sqrt(parameter(layer.name + ".running_var")[c] + layer.fraction("eps"));
    const double mean = parameter(layer.name + ".running_mean")[c],
                 shift = parameter(layer.name + ".bias")[c];
    for (std::size_t i = 0; i < pixels; ++i)
      y.values[c * pixels + i] = (x.values[c * pixels + i] - mean) * scale + shift;
  }
  return y;
}

NetworkReference::Image NetworkReference::pool(const net::LayerSpec& layer, const Image& x) const {
  Geometry geometry;
  const bool adaptive = layer.type->name == "AdaptiveAvgPool2d";
  const int window = adaptive ? x.rows / layer.integer("output_size") : layer.integer("kernel_size");
  const int stride = adaptive ? window : layer.integer("stride");
  const int padding = adaptive ? 0 : layer.integer("padding");
  const bool average = layer.type->name == "AvgPool2d";
  if (average && padding > 0 && layer.flag("count_include_pad")) {
    throw UnsupportedError("the reference of whole networks has no AvgPool2d that counts its padding");
  }
  geometry.own = OwnPool{
      layer.type->name == "MaxPool2d" ? kernels::PoolKind::max : kernels::PoolKind::avg_exclude_padding,
      window, stride, padding};
  const auto definition = definition_of(geometry.own->name(), geometry);
  Image y{x.channels,
          (x.rows + 2 * padding - window) / stride + 1,
          (x.columns + 2 * padding - window) / stride + 1,
          {}};
  for (int c = 0; c < y.channels; ++c) {
    const double* in = &x.values[static_cast<std::size_t>(c) * x.rows * x.columns];
    const Pixel pixel = [&](int h, int w) { return in[h * x.columns + w]; };
    for (int i = 0; i < y.rows; ++i)
      for (int j = 0; j < y.columns; ++j) y.values.push_back(definition(pixel, i, j, x.rows, x.columns));
  }
  return y;
}

NetworkReference::Image NetworkReference::downsample(const Image& x) const {
  if (downsample::downsample_op(options_.variant).acts_in_convolution()) return x;
  const auto definition = definition_of(options_.variant, {});
  Image y{x.channels, x.rows / 2, x.columns / 2, {}};
  for (int c = 0; c < y.channels; ++c) {
    const double* in = &x.values[static_cast<std::size_t>(c) * x.rows * x.columns];
    const Pixel pixel = [&](int h, int w) { return in[h * x.columns + w]; };
    for (int i = 0; i < y.rows; ++i)
      for (int j = 0; j < y.columns; ++j) y.values.push_back(definition(pixel, i, j, x.rows, x.columns));
  }
  return y;
}

NetworkReference::Image NetworkReference::linear(const net::LayerSpec& layer, const Image& x) const {
  Image y{layer.integer("out_features"), 1, 1, {}};
  const auto& weights = parameter(layer.name + ".weight");
  for (int o = 0; o < layer.integer("out_features"); ++o) {
    double sum = layer.flag("bias") ? parameter(layer.name + ".bias")[o] : 0;
    const double* row = &weights[static_cast<std::size_t>(o) * x.values.size()];
    for (std::size_t i = 0; i < x.values.size(); ++i) sum += row[i] * x.values[i];
    y.values.push_back(sum);
  }
  return y;
}

}  // namespace dsx::bench
