// Forward passes of all variants, interleaved, alone and beside a competing load, with spinning and with
// passive OpenMP waiting. The policy is read when OpenMP starts, so each has a process of its own (`study
// latency-probe`). Then once every operator at several image sizes under every engine, variants of the study
// or not: whether FLOPs tell latency. Samples are kept in <folder>/latency.json; what they say is
// latency_tables.cpp's.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/measure/environment.hpp"
#include "study/settings/settings.hpp"

namespace dsx::analysis {

// Timed passes of one variant, in order of time; variants of one batch, wait, load and repeat were
// interleaved.
struct LatencySet {
  std::string variant, wait, load;  // "active", "passive"; "none", "compute", "memory"
  int batch = 1, repeat = 1;        // plans are made anew for each repeat
  std::vector<double> ms;
  double disturbed = 0;   // samples
  double neighbours = 0;  // share of the CPU time that others used meanwhile; with a load of our own: NaN
  // By step that skips inputs that are 0, their share: bench/measure/latency.hpp.
  std::map<std::string, double> zeros = {};
};

// A forward pass of one operator's network at one image size, under one engine, spinning, nothing beside.
struct GridTime {
  std::string variant, engine;
  int size = 0, batch = 0;
  double mflop = 0;  // per image, of the definition
  double median_ms = 0, low_ms = 0, high_ms = 0;
  std::size_t samples = 0;
};

struct LatencyRun {
  std::vector<LatencySet> sets;
  std::vector<GridTime> grid;  // every operator, latency_grid_sizes(), every engine; may be empty
  double grid_neighbours = 0;  // share of the CPU time that others used while the grid was measured
  int threads = 0;
  bench::Fields environment;
  std::string not_available;       // why there are no sets
  std::string grid_not_available;  // why there is no grid, where it was tried
};

struct LatencyRequest {
  std::vector<std::string> variants;
  settings::Settings settings;  // of it, latency_keys()
  int threads = 1;
  double seconds = 2;
  bool again = false;  // even when latency.json fits
  std::string progress = "none";
};
// From latency.json when it is of these variants and this network, else measured (minutes).
LatencyRun run_latency(const std::filesystem::path& folder, const LatencyRequest& request);

// Settings that decide what is timed: of the network, but for the variant.
const std::vector<std::string>& latency_keys();

// {"grid_neighbours": share or null, "grid": [...]}: as latency.json and the process that measured it have
// it.
nlohmann::ordered_json grid_json(const std::vector<GridTime>& grid, double neighbours);

// Sides of the grid's images: quarters of the study's own, those of at least 32 pixels, and its own.
std::vector<int> latency_grid_sizes(int size);

inline constexpr int kLatencyRepeats = 5;
inline constexpr int kLatencyGridBatch = 32;
inline constexpr int kLatencyBatchSizes[] = {1, 32};
inline constexpr const char* kLatencyLoads[] = {"none", "compute", "memory"};

}  // namespace dsx::analysis
