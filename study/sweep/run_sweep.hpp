// Runs the cells of a sweep that are not finished, side by side within the threads it may use, and tells how
// far it is. Everything a cell computes is in its folder; killed at any moment, the next run goes on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "study/cli/progress.hpp"
#include "study/run/run_record.hpp"
#include "study/sweep/cell_state.hpp"
#include "study/sweep/estimate.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::sweep {

// What the cells will see, looked at before any of them starts.
struct SweepData {
  std::string description;
  std::vector<run::SplitCount> splits;           // of the first seed
  std::vector<std::string> class_names;          // {"NORMAL", "PNEUMONIA"}
  std::map<std::uint64_t, std::string> digests;  // by the cell's seed
  double train_images = 0;
};
constexpr std::size_t kMinImagesPerClass = 10;
// Opens the data of every seed (an import happens here, once) and the network's description. Throws
// ConfigError for what no cell could run with, DataError when a split has fewer than kMinImagesPerClass
// images of a class: no interval over so few means anything.
SweepData look_at_data(const Sweep& sweep);

struct PlannedCell {
  CellSpec spec;
  settings::Settings settings;
  std::filesystem::path folder;
  CellState state;
};
// Throws DataError when a cell's folder holds something else, or was trained on other data.
std::vector<PlannedCell> plan_cells(const Sweep& sweep, const SweepData& data,
                                    const std::filesystem::path& folder);
bool is_to_run(const PlannedCell& cell, bool retry_failed);

// Estimates from the finished cells; variants without one are probed.
Estimator make_estimator(const std::vector<PlannedCell>& cells, int threads);
// Seconds that are left of a cell.
double seconds_left(const PlannedCell& cell, const Estimator& estimator, double train_images);

struct SweepOptions {
  int jobs = 1;
  int threads_per_job = 1;
  bool retry_failed = false;
  cli::ProgressMode progress = cli::ProgressMode::plain;
};
// Writes compare.yaml and holds the folder's lock meanwhile. Returns 0 when all cells are finished, else the
// first failed one's exit code. Throws OutputError when another sweep has the folder, Interrupted with a hint
// after a signal; then all cells have ended.
int run_sweep(const Sweep& sweep, std::vector<PlannedCell> cells, const SweepData& data,
              const std::filesystem::path& folder, const SweepOptions& options);

}  // namespace dsx::sweep
