// Forward passes of all variants, interleaved, alone and beside a competing load, with spinning and with
// passive OpenMP waiting. The policy is read when OpenMP starts, so each has a process of its own (`study
// latency-probe`). Samples are kept in <folder>/latency.json; what they say is latency_tables.cpp's.
#pragma once

#include <filesystem>
#include <map>
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

struct LatencyRun {
  std::vector<LatencySet> sets;
  int threads = 0;
  bench::Fields environment;
  std::string not_available;  // why there are no sets
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

inline constexpr int kLatencyRepeats = 5;
inline constexpr int kLatencyBatchSizes[] = {1, 32};
inline constexpr const char* kLatencyLoads[] = {"none", "compute", "memory"};

}  // namespace dsx::analysis
