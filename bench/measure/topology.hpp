// Sockets, cores, hardware threads and caches through hwloc.
#pragma once

#include <vector>

#include "bench/measure/environment.hpp"

namespace dsx::bench {

Topology read_topology();

// Logical CPU numbers that this process may run on, one core after the other; the hardware threads of one
// core are neighbours in `by_core`.
std::vector<std::vector<int>> allowed_cpus_by_core();

}  // namespace dsx::bench
