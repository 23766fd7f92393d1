#include "study/explain/process_runs.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <limits>

#include "bench/machine/memory_course.hpp"
#include "bench/measure/neighbours.hpp"
#include "bench/measure/processes.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::explain {
namespace {

// Of a set's seconds in one process alone: ten processes time three times as long in all.
constexpr double kShareOfSeconds = 0.3;

// Until one has run: as the fewest rounds in one process take, and the memory probe.
double expected_s(const Experiment& experiment, double scale) { return scale * experiment.least_s + 1; }

}  // namespace

ProcessRuns::ProcessRuns(ExplainContext& context, const std::vector<const Experiment*>& experiments,
                         const std::vector<Allotment>& allotments, double scale)
    : context_(context), scale_(scale) {
  each_ = kMost;
  for (std::size_t i = 0; context.run_process && i < experiments.size(); ++i) {
    if (!experiments[i]->over_processes || !allotments[i].fits) continue;
    // One more than there are: the experiment is built once more in the end.
    const double fit =
        std::min<double>(kMost, allotments[i].seconds / expected_s(*experiments[i], scale) - 1);
    if (fit < kFewest) continue;
    each_ = std::min(each_, static_cast<int>(fit));
    stretch_ = allotments[i].stretch;
    experiments_.push_back(experiments[i]);
    told_.push_back({{}, "", 0, allotments[i].seconds});
  }
  for (const auto& turn : bench::process_order(experiments_.size(), each_, context.options.seed))
    turns_.push_back({turn.kind, turn.number});
}

bool ProcessRuns::has(const Experiment& experiment) const {
  return std::ranges::find(experiments_, &experiment) != experiments_.end();
}

double ProcessRuns::reserved_s() const {
  const auto mean_s = [&](std::size_t i) {
    const auto& told = told_[i];
    return told.recordings.empty() ? expected_s(*experiments_[i], scale_)
                                   : told.took_s / static_cast<double>(told.recordings.size());
  };
  double seconds = 0;
  for (std::size_t t = next_; t < turns_.size(); ++t)
    if (told_[turns_[t].experiment].failed.empty()) seconds += mean_s(turns_[t].experiment);
  for (std::size_t i = 0; i < experiments_.size(); ++i) seconds += mean_s(i);
  return seconds;
}

void ProcessRuns::advance(double done) {
  const auto until = static_cast<std::size_t>(done * static_cast<double>(turns_.size()) + 1e-9);
  for (; next_ < std::min(until, turns_.size()); ++next_) run(turns_[next_]);
}

void ProcessRuns::run(const Turn& turn) {
  Told& told = told_[turn.experiment];
  const Experiment& experiment = *experiments_[turn.experiment];
  if (!told.failed.empty()) return;
  const auto have = static_cast<double>(told.recordings.size());
  // This one, and building the experiment once more in the end.
  const bool is_late = have > 0 && told.took_s * (1 + 2 / have) > told.allotted_s;
  if (have >= kFewest && is_late) {
    told.failed = "for lack of time";
    return;
  }
  cli::check_interrupt("stopped while measuring");
  context_.progress(
      fmt::format("{}: {}process {} of {}{}", experiment.name,
                  context_.budget.is_limited() ? cli::duration(context_.budget.left_s()) + " left: " : "",
                  turn.number + 1, each_, turn.number == 0 ? ": starting" : ""));
  omp_pause_resource_all(omp_pause_soft);  // threads of ours that spin would take the process's CPUs
  const double usual = context_.options.seconds;
  const double seconds =
      kShareOfSeconds * usual * (context_.options.keep_seconds ? std::min(1.0, stretch_) : stretch_);
  const Stopwatch watch;
  try {
    // Of the time: what makes a slow machine time fewer rounds, not what ends a process early.
    told.recordings.push_back(
        context_.run_process(experiment.name, seconds, 3 * expected_s(experiment, scale_) + 10 * seconds));
    // Not available here, and so in every process; the experiment itself says why.
    if (told.recordings.back().sets.empty()) told.failed = "it times nothing here";
  } catch (const UnsupportedError& error) {
    told.failed = error.what();
  } catch (const DataError& error) {
    told.failed = error.what();
  }
  told.took_s += watch.elapsed_s();
}

ExperimentReport ProcessRuns::finish(const Experiment& experiment,
                                     ExperimentReport (*run)(ExplainContext&, const Experiment&,
                                                             const std::string&),
                                     const std::string& program) {
  const auto place = std::ranges::find(experiments_, &experiment) - experiments_.begin();
  Told& told = told_.at(static_cast<std::size_t>(place));
  const std::size_t count = told.recordings.size();
  if (count >= 2) context_.processes = std::move(told.recordings);
  context_.budget.begin(count >= 2 ? std::numeric_limits<double>::infinity() : context_.budget.left_s());
  ExperimentReport report = run(context_, experiment, program);
  bench::MemoryCourse course;
  double neighbours = 0;
  for (const Recording& recording : context_.processes) {
    neighbours += recording.neighbours_share / static_cast<double>(count);
    for (const auto& reading : recording.memory) course.add(reading);
  }
  if (!context_.processes.empty()) {
    report.neighbours_share = neighbours;
    report.took_ns += in_ns(told.took_s);
    report.notes.push_back(
        fmt::format("over {} fresh processes, spread over the run: parts, sums and residuals come from the "
                    "same ones, and "
                    "intervals are of the typical process",
                    count));
  }
  if (!told.failed.empty() && report.not_available.empty())
    report.notes.push_back(fmt::format("{} of {} processes did not run: {}", each_ - static_cast<int>(count),
                                       each_, told.failed));
  if (const auto memory = course.sentence(); !memory.empty()) report.notes.push_back(memory);
  context_.processes.clear();
  return report;
}

Recording record_experiment(ExplainContext& context, const Experiment& experiment, double seconds,
                            double budget_s) {
  Recording recording;
  recording.start_s = in_seconds(now_ns());
  context.options.seconds = seconds;
  context.budget = Budget(budget_s);
  context.budget.begin(budget_s);
  context.recording = &recording;
  ExperimentReport report;
  bench::MemoryProbe memory(bench::read_topology());
  const bench::Neighbours neighbours;
  recording.memory.push_back(memory.read());
  try {
    experiment.run(context, report);
  } catch (const UnsupportedError&) {  // the one that started this meets it as well, and says it
  } catch (const dnnl::error&) {
  }
  recording.memory.push_back(memory.read());
  const auto use = neighbours.use();
  if (use.not_available.empty()) recording.neighbours_share = use.others + use.stolen;
  context.recording = nullptr;
  return recording;
}

}  // namespace dsx::explain
