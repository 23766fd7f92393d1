#include "bench/machine/roofline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace dsx::bench {

const PeakRow* find_peak(const Machine& machine, int threads, const std::string& dtype) {
  const PeakRow* best = nullptr;
  for (const auto& row : machine.peaks) {
    if (row.dtype != dtype || !row.not_available.empty()) continue;
    if (best == nullptr || std::abs(row.threads - threads) < std::abs(best->threads - threads)) best = &row;
  }
  return best;
}

const BandwidthRow* find_bandwidth(const Machine& machine, int threads, const std::string& level) {
  const BandwidthRow* best = nullptr;
  for (const auto& row : machine.bandwidths) {
    if (row.level != level) continue;
    if (best == nullptr || std::abs(row.threads - threads) < std::abs(best->threads - threads)) best = &row;
  }
  return best;
}

Roofline roofline(const Machine& machine, const Topology& topology, int threads, const std::string& dtype,
                  double flop, double min_bytes, double working_set_bytes, bool cold) {
  std::string level = "memory";
  for (const auto& cache : topology.caches) {
    if (cold) break;
    // What `threads` threads have of this level together.
    const int instances = std::max(1, std::min(cache.instances, threads));
    if (working_set_bytes <= static_cast<double>(cache.bytes) * instances) {
      level = fmt::format("L{}", cache.level);
      break;
    }
  }
  const auto* peak = find_peak(machine, threads, dtype);
  const auto* bandwidth = find_bandwidth(machine, threads, level);
  if (peak == nullptr || bandwidth == nullptr || peak->gflops.best <= 0) return {};
  const double gbps = std::max(bandwidth->copy_gbps.best, bandwidth->read_gbps.best);
  const double compute_ns = flop / peak->gflops.best, memory_ns = min_bytes / gbps;
  if (compute_ns >= memory_ns) return {compute_ns, "compute"};
  return {memory_ns, level + " bandwidth"};
}

}  // namespace dsx::bench
