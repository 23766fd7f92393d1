// The list of benchmark arms: every combination of the chosen axes, by name, each built only when it is its
// turn.
#pragma once

#include <string>
#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/arms/axes.hpp"
#include "bench/arms/geometry.hpp"

namespace dsx::bench {

std::vector<ArmEntry> all_arms(const std::vector<Geometry>& geometries, const Axes& axes);
std::vector<std::string> all_directions();  // of all kinds of arms, for help and checking

}  // namespace dsx::bench
