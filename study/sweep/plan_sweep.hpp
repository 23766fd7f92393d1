// Before the first cell runs: the data, the folders, and how long it will take. Which cells there are is
// sweep.hpp's.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

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
  std::vector<std::string> notes;                // how they were read, and which class is positive
  std::map<std::uint64_t, std::string> digests;  // by the cell's seed
  double train_images = 0;
  bool own_splits = false;  // seeds draw splits of their own, since the data has none
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
// Images that a cell's epoch takes, of the `train_images` that there are (study/training/train_subset.hpp).
double images_per_epoch(const settings::Settings& settings, double train_images);
// Seconds that are left of a cell.
double seconds_left(const PlannedCell& cell, const Estimator& estimator, double train_images);

}  // namespace dsx::sweep
