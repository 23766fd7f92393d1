#include "net/onnx_int8.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "net/shapes.hpp"

namespace dsx::net {

namespace {

using kernels::OnnxConstant;
using kernels::OnnxNode;
using kernels::U8Scale;

// As the network's own kernels take them.
bool pads(const OnnxNode& node) {
  for (const auto& [name, value] : node.attributes)
    if (name == "pads")
      return std::ranges::any_of(std::get<std::vector<std::int64_t>>(value),
                                 [](auto pad) { return pad > 0; });
  return false;
}

bool is_weighted(const OnnxNode& node) { return node.type == "Conv" || node.type == "Gemm"; }

class Writer {
 public:
  explicit Writer(const Network& network)
      : scales_(*network.quantization()), parameters_(network.parameters()) {
    const NetworkOptions& options = network.options();
    places_ = place_layers(network.spec(), options.variant,
                           {1, options.channels, options.height, options.width}, options.partial);
  }

  std::vector<NamedOnnxNode> nodes() {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto rule = places_[i].layer().type->int8;
      const Int8 how = rule == nullptr ? Int8::f32 : rule(places_[i]);
      if (how == Int8::integers) {
        add_weighted(places_[i]);
        if (!places_[i].relu_follows()) continue;
        append(places_[++i]);
        scale_ = scales_.at(places_[i - 1].layer().name);
        add_rounding(places_[i - 1].layer().name, {});
      } else {
        const std::size_t before = nodes_.size();
        append(places_[i]);
        if (places_[i].layer().type->build == nullptr) continue;
        integers_ = integers_ && how == Int8::follows;
        if (integers_ && nodes_.size() > before) add_rounding(places_[i].layer().name, {});
      }
    }
    return std::move(nodes_);
  }

 private:
  std::vector<OnnxNode> nodes_of(const LayerPlace& place) const {
    return place.layer().type->onnx(place, parameters_);
  }
  // A layer that builds no kernel is a view: nothing was calibrated to it, and integers stay what they are.
  void append(const LayerPlace& place) {
    auto nodes = nodes_of(place);
    if (!nodes.empty() && place.layer().type->build != nullptr) layer_ = place.layer().name;
    for (OnnxNode& node : nodes) nodes_.push_back({place.layer().name, std::move(node)});
  }

  static OnnxConstant scalar(const std::string& name, float value) {
    return {name, {}, std::vector<float>{value}};
  }

  // To integers and back, in scale_.
  void add_rounding(const std::string& layer, kernels::ZeroPoint zero) {
    const auto constants = [&] {
      return std::vector<OnnxConstant>{
          scalar("scale", scale_.scale),
          {"zero_point", {}, std::vector<std::uint8_t>{static_cast<std::uint8_t>(zero.steps)}}};
    };
    const std::string name = layer + "_quantize";
    if (zero.rest != 0) nodes_.push_back({name, {"Add", {}, {scalar("shift", zero.rest)}}});
    nodes_.push_back({name, {"QuantizeLinear", {}, constants()}});
    nodes_.push_back({name, {"DequantizeLinear", {}, constants()}});
    integers_ = true;
  }

  void add_weighted(const LayerPlace& place) {
    auto nodes = kernels::wired(nodes_of(place));
    const auto weighted = std::ranges::find_if(nodes, is_weighted);
    kernels::ZeroPoint zero;
    if (!integers_) {
      scale_ = scales_.at(layer_);
      zero = kernels::zero_point(scale_, pads(*weighted));
      add_rounding(layer_, zero);
    }
    for (OnnxNode& node : nodes) {
      if (&node == &*weighted) add_integer_weights(place, node, zero.rest);
      nodes_.push_back({place.layer().name, std::move(node)});
    }
    layer_ = place.layer().name;
    integers_ = false;
  }

  // Behind DequantizeLinear; the bias as s32 in the scale of the sums.
  void add_integer_weights(const LayerPlace& place, OnnxNode& node, float rest) {
    const std::string& layer = place.layer().name;
    const OnnxConstant weight = node.constants.at(0);
    const auto rows = static_cast<std::size_t>(weight.dims[0]);
    const auto made =
        kernels::quantize_weights(std::get<std::vector<float>>(weight.values), rows, kernels::weight_limit());
    std::vector<float> given;
    if (node.constants.size() > 1) given = std::get<std::vector<float>>(node.constants[1].values);
    const bool bias = !given.empty() || rest != 0;
    add_constant(layer, weight.name, weight.dims, made.values, made.scales, "weight");
    node.inputs.emplace_back("weight");
    if (bias) {
      const auto real = made.bias_for(rest, given);
      std::vector<std::int32_t> integers;
      std::vector<float> steps;
      for (std::size_t r = 0; r < rows; ++r) {
        steps.push_back(scale_.scale * made.scales[r]);
        integers.push_back(static_cast<std::int32_t>(std::lround(real[r] / steps[r])));
      }
      add_constant(layer, layer + ".bias", {weight.dims[0]}, integers, steps, "bias");
      node.inputs.emplace_back("bias");
    }
    node.constants.clear();
  }

  template <typename T>
  void add_constant(const std::string& layer, const std::string& name, const dnnl::memory::dims& dims,
                    const std::vector<T>& values, const std::vector<float>& steps,
                    const std::string& output) {
    OnnxNode node{"DequantizeLinear", {{"axis", std::int64_t{0}}}};
    const auto rows = static_cast<dnnl::memory::dim>(steps.size());
    node.constants = {{name, dims, values}, {name + ".scale", {rows}, steps}};
    node.constants.push_back({name + ".zero_point", {rows}, std::vector<T>(steps.size(), 0)});
    node.output = output;
    node.of_constants = true;
    nodes_.push_back({layer, std::move(node)});
  }

  const Quantization& scales_;
  const Parameters& parameters_;
  std::vector<LayerPlace> places_;
  std::vector<NamedOnnxNode> nodes_;
  std::string layer_ = kInputScale;  // whose result is current
  U8Scale scale_;                    // of it, where it is integers
  bool integers_ = false;
};

}  // namespace

std::vector<NamedOnnxNode> onnx_int8_nodes(const Network& network) { return Writer(network).nodes(); }

}  // namespace dsx::net
