#include "study/commands/until_decided.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::commands {
namespace {

// The next numbers after the largest.
void grow(sweep::Sweep& sweep, std::size_t seeds) {
  std::uint64_t next = *std::max_element(sweep.seeds.begin(), sweep.seeds.end());
  while (sweep.seeds.size() < seeds) sweep.seeds.push_back(++next);
}

double seconds_to_run(const std::vector<sweep::PlannedCell>& cells, const sweep::SweepData& data,
                      const sweep::SweepOptions& options) {
  const sweep::Estimator estimator = sweep::make_estimator(cells, options.threads_per_job);
  double sum = 0;
  for (const sweep::PlannedCell& cell : cells)
    if (sweep::is_to_run(cell, options.retry_failed))
      sum += sweep::seconds_left(cell, estimator, data.train_images);
  return sum / options.jobs;
}

}  // namespace

int run_until_decided(sweep::Sweep& sweep, const std::filesystem::path& folder,
                      const sweep::SweepOptions& options, const findings::FinishOptions& finish,
                      double budget_s) {
  const Stopwatch watch;
  for (std::size_t look = 0; look < sweep.looks.size(); ++look) {
    if (sweep.seeds.size() > sweep.looks[look]) continue;
    const sweep::Sweep before = sweep;
    grow(sweep, sweep.looks[look]);
    const sweep::SweepData data = sweep::look_at_data(sweep);
    const auto cells = sweep::plan_cells(sweep, data, folder);
    const double needed_s = seconds_to_run(cells, data, options);
    if (sweep.seeds.size() > before.seeds.size() && watch.elapsed_s() + needed_s > budget_s) {
      fmt::print("{} would take about {} more, and {} of the budget are left: ending here\n",
                 counted(sweep.seeds.size(), "seed"), cli::duration(needed_s),
                 cli::duration(std::max(0.0, budget_s - watch.elapsed_s())));
      sweep = before;
      return 0;
    }
    if (const int code = sweep::run_sweep(sweep, cells, data, folder, options); code != 0) return code;
    const std::vector<std::string> open = findings::open_questions(folder, finish);
    fmt::print("look {} of {}, {}: {}\n", look + 1, sweep.looks.size(), counted(sweep.seeds.size(), "seed"),
               open.empty() ? "all main questions are decided"
                            : fmt::format("undecided: {}", fmt::join(open, "; ")));
    std::fflush(stdout);
    if (open.empty()) return 0;
  }
  return 0;
}

}  // namespace dsx::commands
