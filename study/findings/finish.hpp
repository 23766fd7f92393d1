// The end of a comparison: from its finished cells to statistics, verdicts, files and the page.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dsx::findings {

struct FinishOptions {
  std::string command;  // repeats it; recorded
  int threads = 1;
  std::string progress = "auto";
  bool shift = true;      // run test images that are moved; needs the data and the checkpoints
  bool swap = true;       // run every network with every operator; needs the same
  bool mechanism = true;  // look into the networks, unless their mechanism.h5 has it; needs the same
  std::size_t mechanism_seeds = 3, mechanism_images = 32;  // per variant, per network: study/mechanism
  bool latency = true;                                     // time the networks, unless latency.json has it
  bool latency_again = false;                              // even then
  double latency_seconds = 0.25;  // of timed passes for each set of interleaved networks in one process
  int latency_processes = 10;     // of each kind: study/analysis/latency_run.hpp
  std::size_t resamples = 2000;   // of the bootstrap
  bool page = true;               // draw report/ with scripts/report
  double cost_ratio = 5;          // what a missed positive costs, in false alarms
  // In points, given after the run; else those that compare.yaml declares.
  std::optional<double> margin_auc, margin_rate;
  std::string claims =
      "auto";  // original, none; auto: where the data are the original's, or the built-in ones
  // A sweep that differs in --resize alone, for what bilinear sampling does; empty: <folder>/resized, if
  // there.
  std::filesystem::path resized;
  std::filesystem::path
      explain;  // a report of `study explain`; empty: <folder>/explain.json or explain/explain.json
};

// Turns the finished cells of a sweep into statistics, verdicts and files (docs/comparison_files.md), and
// prints the short of it; draws the page. Trains nothing; what was computed before (shifted images, latency)
// is taken from the folder. Returns the exit code: the page's, since all else throws.
int finish_compare(const std::filesystem::path& folder, const FinishOptions& options);

// The main questions (Question::main) that the folder's finished cells leave open: "AUC on test: maxpool -
// avgpool". Statistics only; writes nothing. Empty when all are decided.
std::vector<std::string> open_questions(const std::filesystem::path& folder, const FinishOptions& options);

// The runs with other operators alone (study/swap): writes <folder>/swap.json and its tables/*.csv, and
// prints them with their verdicts. Of the options it takes threads, progress, resamples, cost_ratio and
// command. Throws DataError when no cell could be run.
void finish_swap(const std::filesystem::path& folder, const FinishOptions& options);

}  // namespace dsx::findings
