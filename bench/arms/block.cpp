// The words of the axes, and which operators a shape has.
#include "bench/arms/block.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/base/error.hpp"

namespace dsx::bench {

namespace {

template <typename Enum>
Enum enum_from_string(const std::string& name, const std::vector<std::string>& names,
                      const std::string& what) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw ConfigError(fmt::format("{} '{}' is not known: use one of {}", what, name, fmt::join(names, ", ")));
  }
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

const std::vector<std::string>& unit_names() {
  static const std::vector<std::string> names{"op", "conv", "block"};
  return names;
}
Unit unit_from_string(const std::string& name) { return enum_from_string<Unit>(name, unit_names(), "unit"); }
std::string to_string(Unit unit) { return unit_names().at(static_cast<std::size_t>(unit)); }

const std::vector<std::string>& direction_names() {
  static const std::vector<std::string> names{"inference", "training_forward", "backward_data",
                                              "backward_weights"};
  return names;
}
Direction direction_from_string(const std::string& name) {
  return enum_from_string<Direction>(name, direction_names(), "direction");
}
std::string to_string(Direction direction) {
  return direction_names().at(static_cast<std::size_t>(direction));
}

const downsample::DownsampleOp* BlockSpec::row() const {
  return op == kNoOperator || is_own() ? nullptr : &downsample::downsample_op(op);
}

int BlockSpec::stride_factor() const {
  if (conv_stride_factor > 0) return conv_stride_factor;
  return row() != nullptr ? row()->conv_stride : 1;
}

std::vector<std::string> operators_of(const Geometry& geometry) {
  std::vector<std::string> names{kNoOperator};
  for (const auto& op : downsample::downsample_table()) names.push_back(op.name);
  if (geometry.own) names.push_back(geometry.own->name());
  return names;
}

}  // namespace dsx::bench
