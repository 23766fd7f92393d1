#include "bench/arms/block_arms.hpp"

#include <fmt/format.h>

#include "bench/arms/block.hpp"
#include "bench/arms/block_builder.hpp"
#include "kernels/onednn/layout.hpp"

namespace dsx::bench {

namespace {

// A convolution alone exists once per stride: after any pooled operator it is the same one.
bool has_arm(Unit unit, const std::string& op) {
  if (unit == Unit::conv) return op == kNoOperator || downsample::downsample_op(op).acts_in_convolution();
  return unit == Unit::block || op != kNoOperator;
}

void add_block_arms(const Geometry& geometry, const std::string& op, const std::string& unit,
                    const Axes& axes, std::vector<ArmEntry>& arms) {
  BlockSpec spec;
  spec.geometry = geometry;
  spec.op = op;
  spec.unit = unit_from_string(unit);
  spec.allow_ref = axes.allow_ref;
  const auto head = fmt::format("{}/op:{}/unit:{}", geometry.name, op, unit);
  for (const auto& direction : direction_names()) {
    if (!chosen(axes.directions, direction)) continue;
    const auto add = [&](const CommonAxes& common) {
      spec.fused = common.fused;
      spec.algorithm = common.algorithm;
      spec.layout = kernels::layout_from_string(common.layout);
      spec.dtype = kernels::data_type_from_string(common.dtype);
      spec.direction = direction_from_string(direction);
      spec.batch = common.batch;
      arms.push_back({arm_name(head, common, direction), common.threads, spec.dtype,
                      cache_state_from_string(common.cache), [spec] {
                        kernels::require_dtype(spec.dtype);
                        return build_block(spec);
                      }});
    };
    spec.unit == Unit::block ? for_engine_axes(axes, add) : for_common_axes(axes, add);
  }
}

}  // namespace

std::vector<ArmEntry> block_arms(const std::vector<Geometry>& geometries, const Axes& axes) {
  std::vector<ArmEntry> arms;
  for (const auto& geometry : geometries) {
    for (const auto& unit : axes.units) {
      for (const auto& op : operators_of(geometry)) {
        const bool own = geometry.own && op == geometry.own->name();
        if (!chosen(axes.ops, op)) continue;
        if (own ? unit_from_string(unit) != Unit::conv : has_arm(unit_from_string(unit), op)) {
          add_block_arms(geometry, op, unit, axes, arms);
        }
      }
    }
  }
  return arms;
}

}  // namespace dsx::bench
