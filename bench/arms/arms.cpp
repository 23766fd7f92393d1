#include "bench/arms/arms.hpp"

#include <algorithm>
#include <iterator>

#include "bench/arms/block.hpp"
#include "bench/arms/block_arms.hpp"
#include "bench/arms/fc1_arms.hpp"
#include "bench/arms/network_arms.hpp"
#include "bench/arms/reorder_arms.hpp"

namespace dsx::bench {

std::vector<std::string> all_directions() {
  auto names = direction_names();
  for (const auto& name : network_direction_names()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<ArmEntry> all_arms(const std::vector<Geometry>& geometries, const Axes& axes) {
  std::vector<ArmEntry> arms;
  const auto append = [&](std::vector<ArmEntry> more) {
    arms.insert(arms.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  append(block_arms(geometries, axes));
  append(fc1_arms(axes));
  append(network_arms(axes));
  append(reorder_arms(geometries, axes));
  return arms;
}

}  // namespace dsx::bench
