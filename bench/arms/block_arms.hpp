// Operators alone, convolutions alone, and blocks, as benchmark arms.
#pragma once

#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/arms/axes.hpp"
#include "bench/arms/geometry.hpp"

namespace dsx::bench {

std::vector<ArmEntry> block_arms(const std::vector<Geometry>& geometries, const Axes& axes);

}  // namespace dsx::bench
