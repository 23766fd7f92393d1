#include "study/findings/stage_time.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "study/analysis/latency_run.hpp"
#include "study/analysis/shift_run.hpp"
#include "study/cli/text_table.hpp"
#include "study/mechanism/looks.hpp"
#include "study/mechanism/windows.hpp"
#include "study/swap/swap_run.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;

// Rough, from the amount of work in each stage: only the speed of training is measured.
constexpr double kForwardShare = 0.45;     // of a training step: forward pass, reading included
constexpr double kSecondsPerVisit = 8e-9;  // of a resample: one image's part in a cell's figures
constexpr double kSwapVisits = 6;          // images of val and test, under every operator, as often
constexpr double kPageSeconds = 20;
constexpr double kLatencyPasses = 2;    // untimed passes take as long as timed ones
constexpr double kProcessSeconds = 10;  // to start one of each kind, and a grid of networks

struct Work {
  double train = 0, val = 0, test = 0;                          // images of one cell
  double without_shift = 0, without_swap = 0, looked_into = 0;  // cells
};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Work work_of(const std::vector<sweep::PlannedCell>& cells, const sweep::SweepData& data,
             const FinishOptions& options) {
  Work work;
  const auto images = [&](std::size_t split) {
    return static_cast<double>(data.splits.at(split).negatives + data.splits.at(split).positives);
  };
  work.train = images(0);
  work.val = images(1);
  work.test = images(2);
  double least = 1;
  for (const sweep::PlannedCell& cell : cells) least = std::min(least, cell.spec.noise_rate);
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const sweep::PlannedCell& cell : cells) {
    work.without_shift += !is_there(cell.folder / "shift.h5");
    work.without_swap += !is_there(cell.folder / "swap.h5");
    if (cell.spec.noise_rate > least || is_there(cell.folder / "mechanism.h5")) continue;
    seen.insert({cell.spec.variant, cell.spec.seed});
  }
  std::map<std::string, std::size_t> by_variant;
  for (const auto& [variant, seed] : seen) ++by_variant[variant];
  for (const auto& [variant, count] : by_variant)
    work.looked_into += static_cast<double>(std::min(count, options.mechanism_seeds));
  return work;
}

// A forward pass of one image with all threads: the slowest variant's, since every network is run with every
// operator.
double forward_seconds(const std::vector<sweep::PlannedCell>& cells, const sweep::Estimator& estimator,
                       double threads, double threads_per_job) {
  double slowest = 0;
  for (const sweep::PlannedCell& cell : cells)
    slowest = std::max(
        slowest, estimator.seconds(cell.spec.variant, 1, 1) - estimator.seconds(cell.spec.variant, 0, 1));
  return kForwardShare * slowest * threads_per_job / threads;
}

double statistics_seconds(const Work& work, double cells, const FinishOptions& options) {
  double visits = work.train + work.val + work.test;
  if (options.shift) visits += work.test * static_cast<double>(analysis::shift_list().size());
  if (options.swap)
    visits += kSwapVisits * (work.val + work.test) * static_cast<double>(swap::run_operators().size());
  return kSecondsPerVisit * visits * cells * static_cast<double>(options.resamples) /
         std::max(1, options.threads);
}

}  // namespace

std::vector<StageTime> stage_times(const fs::path& folder, const std::vector<sweep::PlannedCell>& cells,
                                   const sweep::SweepData& data, const sweep::Estimator& estimator,
                                   const FinishOptions& options, int threads_per_job) {
  if (cells.empty()) return {};
  const Work work = work_of(cells, data, options);
  const double forward = forward_seconds(cells, estimator, std::max(1, options.threads), threads_per_job);
  std::vector<StageTime> stages;
  if (options.shift)
    stages.push_back({"shifted images", work.without_shift * forward * work.test *
                                            static_cast<double>(analysis::shift_list().size())});
  if (options.swap)
    stages.push_back({"swapped operators", work.without_swap * forward * (work.val + work.test) *
                                               static_cast<double>(swap::run_operators().size())});
  stages.push_back({"bootstrap", statistics_seconds(work, static_cast<double>(cells.size()), options)});
  if (options.mechanism) {
    const int size = cells.front().settings.size;
    const double windows = static_cast<double>(mechanism::windows_of(size, size).size() + 1);
    stages.push_back({"mechanism", work.looked_into * forward *
                                       (work.test * static_cast<double>(mechanism::views().size()) +
                                        windows * static_cast<double>(options.mechanism_images))});
  }
  if (options.latency && (options.latency_again || !is_there(folder / "latency.json")))
    stages.push_back(
        {"latency", kProcessSeconds * options.latency_processes +
                        kLatencyPasses * analysis::timed_latency_seconds(options.latency_processes,
                                                                         options.latency_seconds)});
  if (options.page) stages.push_back({"page", kPageSeconds});
  return stages;
}

double total_seconds(const std::vector<StageTime>& stages) {
  double sum = 0;
  for (const StageTime& stage : stages) sum += stage.seconds;
  return sum;
}

std::string what_follows_text(const std::vector<StageTime>& stages) {
  constexpr double kMoment = 10;
  const double left = total_seconds(stages);
  if (!(left > kMoment)) return "";
  std::vector<std::string> words;
  for (const StageTime& stage : stages)
    if (stage.seconds >= 1) words.push_back(stage.name + " " + cli::duration(std::round(stage.seconds)));
  return fmt::format("the cells are done; about {} left: {}\n", cli::duration(std::round(left)),
                     fmt::join(words, ", "));
}

}  // namespace dsx::findings
