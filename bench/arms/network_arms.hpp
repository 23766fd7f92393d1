// Whole networks as benchmark arms: inference, training forward, backward, update, training step.
#pragma once

#include <string>
#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/arms/axes.hpp"

namespace dsx::bench {

std::vector<ArmEntry> network_arms(const Axes& axes);
const std::vector<std::string>& network_direction_names();

}  // namespace dsx::bench
