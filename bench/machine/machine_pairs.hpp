// Whether two logical CPUs are two cores: whoever made the machine may tell something else.
#pragma once

#include "bench/machine/machine.hpp"

namespace dsx::bench {

// Fills in `pairs`, with threads of its own, each bound to one CPU.
void measure_pairs(Machine& machine);

}  // namespace dsx::bench
