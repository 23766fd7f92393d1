#include "study/explain/process_runs.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <limits>
#include <numeric>

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
// Of an experiment's least time in one process: six rounds instead of 21.
constexpr double kShareOfLeast = 0.5;
constexpr double kStartS = 1;            // to start one, with its two probes of the memory system
constexpr double kPlannedStretch = 0.3;  // of the usual samples: rather more processes than longer ones
constexpr double kLeastOfUsual = 0.1, kMostOfUsual = 20;
constexpr double kUsable = 0.95;  // of the time left: the rest is for what runs longer than it was planned

}  // namespace

ProcessRuns::ProcessRuns(ExplainContext& context, const std::vector<const Experiment*>& experiments,
                         const std::vector<TimeNeed>& needs, double scale)
    : context_(context), scale_(scale), stretch_(kPlannedStretch) {
  if (!context.run_process) return;
  std::vector<std::size_t> by_rank(needs.size());
  std::iota(by_rank.begin(), by_rank.end(), std::size_t{0});
  std::ranges::stable_sort(by_rank, {}, [&](std::size_t i) { return needs[i].rank; });
  const double usable_s = kUsable * context.budget.left_s();
  double needed_s = others_s(needs);
  std::vector<TimeNeed> others;
  for (const auto i : by_rank) {
    const auto& need = needs[i];
    const double here_usual_s = experiments[i]->here_usual_s, here_least_s = experiments[i]->here_least_s;
    const double least_s = need.least_s - here_least_s, timed_s = need.usual_s - need.least_s;
    const double here_timed_s = timed_s * (here_usual_s - here_least_s) /
                                std::max(1e-9, experiments[i]->usual_s - experiments[i]->least_s);
    Spread spread{experiments[i],
                  need.rank,
                  kShareOfLeast * scale * least_s + kStartS,
                  kShareOfSeconds * scale * (timed_s - here_timed_s),
                  scale * (here_least_s + kPlannedStretch * here_timed_s),
                  scale * (here_least_s + here_timed_s)};
    const double more_s = kFewest * process_s(spread) + end_s(spread) - others_s({need});
    const bool is_available = !experiments[i]->needs_steps || !context.options.fused;
    if (is_available && experiments[i]->one_process.empty() && needed_s + more_s <= usable_s) {
      needed_s += more_s;
      spread_.push_back(std::move(spread));
    } else {
      others.push_back(need);
    }
  }
  plan(usable_s - others_s(others));
  choose_stretch(usable_s, others);
  for (const auto& turn : bench::process_order(spread_.size(), kMost, context.options.seed))
    turns_.push_back(turn.kind);
}

bool ProcessRuns::has(const Experiment& experiment) const {
  return std::ranges::find(spread_, &experiment, &Spread::experiment) != spread_.end();
}

std::vector<const Experiment*> ProcessRuns::experiments() const {
  std::vector<const Experiment*> all;
  for (const auto& spread : spread_) all.push_back(spread.experiment);
  return all;
}

double ProcessRuns::others_s(const std::vector<TimeNeed>& others) const {
  double seconds = 0;
  for (const auto& need : others)
    seconds += scale_ * (need.least_s + stretch_ * (need.usual_s - need.least_s));
  return seconds;
}

double ProcessRuns::process_s(const Spread& spread) const {
  return spread.recordings.empty() ? spread.fixed_s + stretch_ * spread.timed_s
                                   : spread.took_s / spread.have();
}

// The experiment is built once more in the end.
double ProcessRuns::end_s(const Spread& spread) const { return process_s(spread) + spread.here_s; }

double ProcessRuns::reserved_s() const {
  double seconds = 0;
  for (const auto& spread : spread_)
    seconds += process_s(spread) * std::max(0, spread.planned - spread.have()) + end_s(spread);
  return seconds;
}

// All have kMost, as far as that fits. Else the highest rank gives up first: all down to kEnough, then all
// down to kFewest, then one after the other keeps what it has.
void ProcessRuns::plan(double usable_s) {
  for (auto& spread : spread_) spread.planned = spread.failed.empty() ? kMost : spread.have();
  const auto order = [](const Spread& spread) {
    if (spread.planned <= std::max(1, spread.have())) return std::pair(0, 0);
    const int tier = spread.planned > kEnough ? 3 : spread.planned > kFewest ? 2 : 1;
    return std::pair(tier, spread.rank);
  };
  while (reserved_s() > usable_s) {
    const auto first = std::ranges::max_element(spread_, {}, order);
    if (first == spread_.end() || order(*first).first == 0) return;
    --first->planned;
  }
}

// What the plan leaves goes into longer samples of all.
void ProcessRuns::choose_stretch(double usable_s, const std::vector<TimeNeed>& others) {
  double spare_s = usable_s, timed_s = 0;
  for (const auto& spread : spread_) {
    spare_s -= spread.fixed_s * (spread.planned + 1) + spread.here_s;
    timed_s += spread.timed_s * spread.planned;
  }
  for (const auto& need : others) {
    spare_s -= scale_ * need.least_s;
    timed_s += scale_ * (need.usual_s - need.least_s);
  }
  const double most = context_.options.keep_seconds || !context_.budget.is_limited() ? 1 : kMostOfUsual;
  stretch_ = timed_s > 0 ? std::clamp(spare_s / timed_s, kLeastOfUsual, most) : 1;
}

void ProcessRuns::advance(double done, const std::vector<TimeNeed>& others) {
  for (; next_ < turns_.size(); ++next_) {
    plan(kUsable * context_.budget.left_s() - others_s(others));
    double have = 0, planned = 0;
    for (const auto& spread : spread_) {
      have += spread.have();
      planned += spread.planned;
    }
    if (have >= done * planned - 1e-9) return;
    Spread& spread = spread_[turns_[next_]];
    if (spread.have() < spread.planned) run_one(spread);
  }
}

void ProcessRuns::run_one(Spread& spread) {
  const auto& name = spread.experiment->name;
  cli::check_interrupt("stopped while measuring");
  context_.progress(
      fmt::format("{}: {}process {} of {}{}", name,
                  context_.budget.is_limited() ? cli::duration(context_.budget.left_s()) + " left: " : "",
                  spread.have() + 1, spread.planned, spread.recordings.empty() ? ": starting" : ""));
  omp_pause_resource_all(omp_pause_soft);  // threads of ours that spin would take the process's CPUs
  const double seconds = kShareOfSeconds * stretch_ * context_.options.seconds;
  const double start_s = context_.budget.elapsed_s();
  try {
    // Of the time: what makes a slow machine time fewer rounds, not what ends a process early.
    auto recording = context_.run_process(name, seconds, 3 * process_s(spread) + 10 * seconds);
    // Not available here, and so in every process; the experiment itself says why.
    if (recording.sets.empty())
      spread.failed = "it times nothing here";
    else
      spread.recordings.push_back(std::move(recording));
  } catch (const UnsupportedError& error) {
    spread.failed = error.what();
  } catch (const DataError& error) {
    spread.failed = error.what();
  }
  spread.took_s += context_.budget.elapsed_s() - start_s;
}

ExperimentReport ProcessRuns::finish(const Experiment& experiment,
                                     ExperimentReport (*run)(ExplainContext&, const Experiment&,
                                                             const std::string&),
                                     const std::string& program) {
  Spread& spread = *std::ranges::find(spread_, &experiment, &Spread::experiment);
  context_.processes = std::move(spread.recordings);
  double most_s =
      context_.processes.empty() ? context_.budget.left_s() : std::numeric_limits<double>::infinity();
  if (!experiment.here.empty()) {
    double others_s = 0;
    for (const auto& other : spread_) others_s += other.experiment == &experiment ? 0 : end_s(other);
    most_s =
        std::min(most_s, std::clamp(context_.budget.left_s() - others_s, spread.here_s, spread.here_most_s));
  }
  context_.budget.begin(most_s);
  ExperimentReport report = run(context_, experiment, program);
  spread.recordings = std::move(context_.processes);
  context_.processes.clear();
  if (report.not_available.empty()) say_processes(spread, report);
  return report;
}

void ProcessRuns::say_processes(const Spread& spread, ExperimentReport& report) const {
  const int count = spread.have();
  bench::MemoryCourse course;
  double neighbours = 0;
  for (const Recording& recording : spread.recordings) {
    neighbours += recording.neighbours_share / count;
    for (const auto& reading : recording.memory) course.add(reading);
  }
  if (count > 0) {
    if (!spread.experiment->starts_neighbours) report.neighbours_share = neighbours;
    report.took_ns += in_ns(spread.took_s);
  }
  if (count >= 2)
    report.notes.push_back(
        fmt::format("over {} fresh processes, spread over the run: parts, sums and residuals come from the "
                    "same ones, and "
                    "intervals are of the typical process",
                    count));
  if (count >= 2 && !spread.experiment->here.empty())
    report.notes.push_back("of one process: " + spread.experiment->here);
  if (count == 0 && !spread.experiment->here.empty())
    report.notes.push_back(fmt::format(
        "of one process, since no other would time {}: its intervals say how well its samples agree, "
        "no more",
        spread.experiment->here));
  else if (!spread.failed.empty())
    report.notes.push_back(
        fmt::format("{} of {} processes did not run: {}", kMost - count, kMost, spread.failed));
  else if (count == 1)
    say_one_process(*spread.experiment, report);
  else if (count < kMost)
    report.undone.push_back(fmt::format("{} more processes", kMost - count));
  if (const auto memory = course.sentence(); !memory.empty()) report.notes.push_back(memory);
}

void say_one_process(const Experiment& experiment, ExperimentReport& report) {
  const bool is_late = experiment.one_process.empty();
  report.notes.push_back(
      fmt::format("of one process, {}: its intervals say how well its samples agree, no more",
                  is_late ? "for lack of time" : "since " + experiment.one_process));
  if (is_late) report.undone.push_back(fmt::format("{} more processes", ProcessRuns::kMost - 1));
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
