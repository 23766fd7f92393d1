// The least time that a machine needs, from its measured limits.
#pragma once

#include <string>

#include "bench/machine/machine.hpp"
#include "bench/measure/environment.hpp"

namespace dsx::bench {

// The rows for a thread count (the nearest one measured).
const PeakRow* find_peak(const Machine& machine, int threads, const std::string& dtype);
const BandwidthRow* find_bandwidth(const Machine& machine, int threads, const std::string& level);

// Least time for this work on this machine: arithmetic at the FMA peak, or minimum traffic at the copy
// bandwidth of the level that `working_set_bytes` fits ("memory" when cold), whichever takes longer. 0 when
// not known.
struct Roofline {
  double ns = 0;
  std::string bound;  // "compute", "L2 bandwidth", ...
};
Roofline roofline(const Machine& machine, const Topology& topology, int threads, const std::string& dtype,
                  double flop, double min_bytes, double working_set_bytes, bool cold);

}  // namespace dsx::bench
