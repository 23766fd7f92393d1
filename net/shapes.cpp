#include "net/shapes.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/layout.hpp"

namespace dsx::net {

using dnnl::memory;

namespace {

memory::dims dst_of(const LayerPlace& place) {
  const LayerType& type = *place.layer().type;
  if (place.flat && place.src.size() == 4 && !type.takes_flat)
    throw ConfigError(fmt::format("{} cannot follow Flatten", type.name));
  return type.shape(place);
}

void check_places(const NetworkSpec& spec, const downsample::DownsampleOp& op) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (const auto check = spec.layers[i].type->check_place) check({spec.layers, i, op, {}});
  }
}

std::vector<LayerShape> shapes_with(const NetworkSpec& spec, const downsample::DownsampleOp& op,
                                    const memory::dims& input, bool partial) {
  check_places(spec, op);
  std::vector<LayerShape> shapes;
  auto current = input;
  bool flat = false;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const LayerSpec& layer = spec.layers[i];
    try {
      shapes.push_back({current, dst_of({spec.layers, i, op, current, flat}), flat});
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("network {}, layer {} on input {}: {}", spec.name, layer.name,
                                    kernels::dims_string(current), error.what()));
    }
    flat = flat || layer.type->flattens;
    current = shapes.back().dst;
  }
  if (!partial && (current.size() != 2 || current[1] != 1)) {
    throw ConfigError(fmt::format(
        "network {}: the last layer must be a Linear with out_features 1 (a logit), but it gives {}",
        spec.name, kernels::dims_string(current)));
  }
  return shapes;
}

}  // namespace

std::vector<LayerShape> infer_shapes(const NetworkSpec& spec, const std::string& variant,
                                     const memory::dims& input, bool partial) {
  return shapes_with(spec, downsample::downsample_op(variant), input, partial);
}

std::vector<LayerPlace> place_layers(const NetworkSpec& spec, const std::string& variant,
                                     const memory::dims& input, bool partial) {
  return place_layers(spec, downsample::downsample_op(variant), input, partial);
}

std::vector<LayerPlace> place_layers(const NetworkSpec& spec, const downsample::DownsampleOp& op,
                                     const memory::dims& input, bool partial) {
  const auto shapes = shapes_with(spec, op, input, partial);
  std::vector<LayerPlace> places;
  for (std::size_t i = 0; i < shapes.size(); ++i)
    places.push_back({spec.layers, i, op, shapes[i].src, shapes[i].flat});
  return places;
}

}  // namespace dsx::net
