// Runs the cells of a sweep that are not finished, side by side within the threads it may use, and tells how
// far it is. Everything a cell computes is in its folder; killed at any moment, the next run resumes it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "study/cli/progress.hpp"
#include "study/sweep/plan_sweep.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::sweep {

struct SweepOptions {
  int jobs = 1;
  int threads_per_job = 1;
  bool retry_failed = false;
  cli::ProgressMode progress = cli::ProgressMode::plain;
  // Seconds of what follows the cells (statistics, page), by what training has shown so far; empty: nothing.
  std::function<double(const Estimator& estimator)> after_s = {};
  double after(const Estimator& estimator) const { return after_s ? after_s(estimator) : 0; }
};
// "about 4 min 30 s in all: 1 min 13 s of training, 3 min 17 s for what follows".
std::string in_all_text(double cells_s, double after_s);
// Writes compare.yaml and holds the folder's lock meanwhile. Returns 0 when all cells are finished, else the
// first failed one's exit code. Throws OutputError when another sweep has the folder, Interrupted with a hint
// after a signal; then all cells have ended.
int run_sweep(const Sweep& sweep, std::vector<PlannedCell> cells, const SweepData& data,
              const std::filesystem::path& folder, const SweepOptions& options);

}  // namespace dsx::sweep
