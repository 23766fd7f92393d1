// Sockets, cores, hardware threads and caches through hwloc.
#pragma once

#include <vector>

#include "bench/measure/environment.hpp"

namespace dsx::bench {

Topology read_topology();
double nominal_l3_bytes(const Topology& topology);  // of the largest cache from level 3 on; 0 without one

// Logical CPU numbers that this process may run on, one core after the other; the hardware threads of one
// core are neighbours in `by_core`.
std::vector<std::vector<int>> allowed_cpus_by_core();

}  // namespace dsx::bench
