// From a sweep's folder to what can be said about it. load_cells() is the one way in: it reads every finished
// cell and refuses what does not belong together. The numbers come from study/statistics; judged.hpp,
// figures.hpp and topics.hpp say how they are put together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "study/history.hpp"
#include "study/settings.hpp"

namespace dsx {

// What the best checkpoint said of a split, image by image, in the data set's order: columns of one length.
struct SplitPredictions {
  std::vector<std::string> names, subjects;  // subjects: what a bootstrap resamples
  std::vector<float> labels;                 // 0 or 1; the true ones, also of train under label noise
  std::vector<float> logits;                 // of the positive class; finite
  std::size_t size() const { return labels.size(); }
};

struct Cell {
  std::string variant;
  std::uint64_t seed = 1;
  std::string noise_kind = "symmetric";
  double noise = 0;  // rate; 0 for the clean labels
  std::filesystem::path folder;
  Settings settings;
  std::string data_digest;  // equal for all cells of a seed
  std::vector<std::string> class_names;
  std::vector<EpochRecord> history;
  int best_epoch = 0;
  double logit_threshold = 0;  // largest Youden index on val
  SplitPredictions train, val, test;
  std::vector<std::string> flipped_names;  // training images whose labels were wrong
  const SplitPredictions& of(Split split) const {
    return split == Split::train ? train : split == Split::val ? val : test;
  }
};

// Every finished cell below <folder>/cells, ordered by noise, seed and variant; others are left out. Throws
// DataError with file and reason: none finished, a damaged run.h5, two folders with the same cell, settings
// or data that differ where they must be equal.
std::vector<Cell> load_cells(const std::filesystem::path& folder);

struct FinishOptions {
  std::string command;  // repeats it; recorded
  int threads = 1;
  std::string progress = "auto";
  bool shift = true;             // run test images that are moved; needs the data and the checkpoints
  bool latency = true;           // time the networks, unless latency.json has it
  bool latency_again = false;    // even then
  double latency_seconds = 0.5;  // of timed passes for each set of interleaved networks
  std::size_t resamples = 2000;  // of the bootstrap
  bool page = true;              // draw report/ with scripts/report
  double cost_ratio = 5;         // what a missed positive costs, in false alarms
  std::filesystem::path
      explain;  // a report of `study explain`; empty: <folder>/explain.json or explain/explain.json
};

// Turns the finished cells of a sweep into statistics, verdicts and files (RESULTS.md), and prints the short
// of it; draws the page. Trains nothing; what was computed before (shifted images, latency) is taken from the
// folder. Returns the exit code: the page's, since all else throws.
int finish_compare(const std::filesystem::path& folder, const FinishOptions& options);

}  // namespace dsx
