// The first linear layer of lenet, as benchmark arms: every direction.
#pragma once

#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/arms/axes.hpp"

namespace dsx::bench {

std::vector<ArmEntry> fc1_arms(const Axes& axes);

}  // namespace dsx::bench
