// What this machine can do at most, measured: arithmetic, bandwidth by cache level, cost of a parallel
// region, whether logical CPUs share a core, how steady the clock is. Every other figure is read against
// these. Written to JSON and text by machine_report.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/machine/memory_course.hpp"
#include "bench/measure/environment.hpp"
#include "bench/measure/measure.hpp"

namespace dsx::bench {

// A rate with its spread over repetitions. The best is the limit (a disturbance only ever slows down); the
// median tells how disturbed the measurement was.
// How it is measured: rate.hpp.
struct Rate {
  double best = 0, median = 0;
  double disturbed_share = 0;  // of all samples taken
};

struct PeakRow {
  int threads = 1;
  std::string dtype, kernel;             // "f32", "avx512f fma"
  std::string not_available;             // the reason, when there is no figure
  Rate gflops;                           // FMA loop in registers
  Rate gemm_gflops;                      // a large oneDNN matmul, for comparison: what real code can reach
  double flop_per_cycle_per_thread = 0;  // 0: the clock is not known
};

struct BandwidthRow {
  int threads = 1;
  std::string level;            // "L1", "L2", "L3", "memory"
  double bytes_per_thread = 0;  // working set
  Rate read_gbps, write_gbps;
  Rate copy_gbps;   // read and written bytes
  Rate triad_gbps;  // memory only: STREAM's a = b + s * c in plain C++, three arrays counted
};

struct ForkJoinRow {
  int threads = 1;
  Summary time;  // an empty parallel region
};

// Two logical CPUs busy at once, against each alone: 2 when they are cores, about 1 when they share one.
struct SharedCore {
  int cpu_a = 0, cpu_b = 0;
  double speedup = 0;
  bool told_as_one_core = false;  // by the operating system
};

struct Machine {
  std::vector<PeakRow> peaks;
  std::vector<BandwidthRow> bandwidths;
  std::vector<ForkJoinRow> fork_joins;
  std::vector<SharedCore> pairs;
  std::string pairs_not_available;  // the reason, when there are none
  std::vector<double> clock_ghz;  // through the measurement, in order of time; empty where it cannot be told
  double clock_drift = 0;         // (largest - smallest) / median of those
  MemoryCourse memory;            // through the measurement; only with MachineScope::all
  double nominal_l3_bytes = 0;    // as the topology tells
  Disturbance disturbance;        // by other processes, during all of it
  bool too_noisy = false;  // some figure had mostly disturbed samples: measure again on a quiet machine
  std::int64_t took_ns = 0;
};

enum class MachineScope {
  all,
  roofline,  // peaks, and reading and copying by level
  steps,     // what predicts a step: the f32 peak and matrix product, and reading and writing by level
};
struct MachineOptions {
  std::vector<int> thread_counts;  // empty: 1, 2, 4, ... and all usable CPUs
  int repeats = 11;
  MachineScope scope = MachineScope::all;
};
Machine measure_machine(const MachineOptions& options);

}  // namespace dsx::bench
