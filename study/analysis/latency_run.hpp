// Forward passes of all variants over fresh processes (`study latency-probe`), with spinning and with passive
// OpenMP waiting, which a process reads when it starts. Within a process the variants are interleaved, alone
// and beside a competing load, between readings of the memory system. Further processes time every operator
// at several image sizes under every engine, variants of the study or not: whether FLOPs tell latency.
// Processes of all kinds take turns in random order, spread over the run. Samples are kept in
// <folder>/latency.json (latency_file.hpp); what they say is latency_tables.cpp's.
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "bench/machine/memory_probe.hpp"
#include "bench/measure/environment.hpp"
#include "study/settings/settings.hpp"

namespace dsx::analysis {

// Timed passes of one variant, in order of time; variants of one batch and load were interleaved.
struct LatencySet {
  std::string variant, load;  // load: "none", "compute", "memory"
  int batch = 1;
  std::vector<double> ms;
  double disturbed = 0;     // samples
  double neighbours = 0;    // share of the CPU time that others used meanwhile; with a load of our own: NaN
  std::size_t reading = 0;  // of LatencyProcess::memory, before these samples; the next one is behind them
  // By step that skips inputs that are 0, their share: bench/measure/latency.hpp.
  std::map<std::string, double> zeros = {};
};

// Forward passes of one operator's network at one image size, under one engine, nothing beside.
struct GridTime {
  std::string variant, engine;
  int size = 0, batch = 0;
  double mflop = 0;        // per image, of the definition
  std::vector<double> ms;  // in order of time
};

// What one process measured: sets, or the grid.
struct LatencyProcess {
  std::string wait;    // "active", "passive"
  int number = 1;      // among those of its kind, from 1
  double start_s = 0;  // since the run began
  std::vector<LatencySet> sets;
  std::vector<GridTime> grid;  // every operator, latency_grid_sizes(), every engine
  double grid_neighbours = std::numeric_limits<double>::quiet_NaN();  // as LatencySet's, of the grid
  std::vector<bench::MemoryReading> memory;  // start_s: since the process began; nothing of ours ran beside
};

struct LatencyRun {
  std::vector<LatencyProcess> processes;
  // An earlier version's file: each of `processes` is a plan that was built anew within one and the same
  // process.
  bool of_one_process = false;
  double nominal_l3_bytes = 0;
  int threads = 0;
  bench::Fields environment;
  std::string not_available;       // why there are no processes
  std::string grid_not_available;  // why there is no grid, where it was tried
};

inline constexpr int kLatencyProcesses = 10;  // fewer give wide intervals, below 6 no order statistics of 95%
inline constexpr int kLatencyGridBatch = 32;
inline constexpr int kLatencyBatchSizes[] = {1, 32};
inline constexpr const char* kLatencyLoads[] = {"none", "compute", "memory"};
inline constexpr const char* kLatencyWaits[] = {"active", "passive"};
// Timed passes alone take so many times as long as beside each load.
inline constexpr double kLatencyAloneShare = 3;

struct LatencyRequest {
  std::vector<std::string> variants;
  settings::Settings settings;  // of it, latency_keys()
  int threads = 1;
  int processes = kLatencyProcesses;  // of each kind
  double seconds = 0.25;              // of timed passes for each set of interleaved variants in one process
  bool again = false;                 // even when latency.json fits
  std::string progress = "none";
};
// From latency.json when it is of these variants and this network, else measured (minutes).
LatencyRun run_latency(const std::filesystem::path& folder, const LatencyRequest& request);

// Seconds of timed passes in all: for those who wait.
double timed_latency_seconds(int processes, double seconds);

// Settings that decide what is timed: of the network, but for the variant.
const std::vector<std::string>& latency_keys();

// Sides of the grid's images: quarters of the study's own, those of at least 32 pixels, and its own.
std::vector<int> latency_grid_sizes(int size);

}  // namespace dsx::analysis
