// Running the chosen experiments: what disturbed one is noticed, and it is run again.
#include "study/explain/experiment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "bench/measure/neighbours.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/text_table.hpp"
#include "study/explain/agreement.hpp"
#include "study/explain/process_runs.hpp"

namespace dsx::explain {

std::vector<std::string> ExplainContext::pooled_variants(const bench::Geometry& geometry) const {
  std::vector<std::string> ops;
  for (const auto& variant : options.variants) {
    const bool own = geometry.own && variant == geometry.own->name();
    if (own || !downsample::downsample_op(variant).acts_in_convolution()) ops.push_back(variant);
  }
  return ops;
}

bench::BlockSpec ExplainContext::spec(const bench::Geometry& geometry, const std::string& op,
                                      bench::Unit unit) const {
  bench::BlockSpec spec;
  spec.geometry = geometry;
  spec.op = op;
  spec.unit = unit;
  spec.layout = options.layout;
  spec.batch = options.batch;
  spec.fused = options.fused && unit == bench::Unit::block;
  spec.algorithm = options.algorithm;
  return spec;
}

bool ExplainContext::has_time_for(const std::string& what, ExperimentReport& report) const {
  // Processes tell the same sets; on a slow machine each with the fewest rounds.
  if (recording != nullptr || budget.has_time_for_set()) return true;
  report.undone.push_back(what);
  return false;
}

namespace {

constexpr double kDefaultSeconds = 3;

// Work of this network and batch beside that of TimeNeed's.
double scale_of(const ExplainContext& context) {
  double pixels = 0;
  for (const auto& geometry : context.geometries)
    pixels += static_cast<double>(geometry.height) * geometry.width * std::sqrt(geometry.out_channels);
  const double usual = 320.0 * 320 * std::sqrt(6.0) + 158.0 * 158 * std::sqrt(16.0);
  const double variants = static_cast<double>(context.options.variants.size()) / 3;
  return std::clamp(pixels / usual * context.options.batch / 32 * variants, 0.05, 20.0);
}

std::vector<TimeNeed> needs_of(const std::vector<const Experiment*>& experiments,
                               const ExplainOptions& options) {
  std::vector<TimeNeed> needs;
  for (const auto* e : experiments) {
    const double timed_s = (e->usual_s - e->least_s) * (options.seconds / kDefaultSeconds);
    needs.push_back({e->name, e->least_s + timed_s, e->least_s, e->rank});
  }
  return needs;
}

ExperimentReport report_of(const Experiment& experiment, const std::string& program) {
  ExperimentReport report;
  report.name = experiment.name;
  report.question = experiment.question;
  report.command = program + " --experiments " + experiment.name;
  return report;
}

ExperimentReport run_once(ExplainContext& context, const Experiment& experiment, const std::string& program) {
  ExperimentReport report = report_of(experiment, program);
  const Stopwatch watch;
  const bench::Neighbours neighbours;
  try {
    if (experiment.needs_steps && context.options.fused)
      throw UnsupportedError(
          "it takes apart the steps that oneDNN runs, and with --engine fused a block is one step; run it "
          "with "
          "--engine primitives");
    experiment.run(context, report);
  } catch (const UnsupportedError& error) {
    report.not_available = error.what();
  } catch (const dnnl::error& error) {
    report.not_available =
        fmt::format("oneDNN {} offers nothing for it: {}", kernels::onednn_info().version, error.what());
  }
  kernels::set_threads(context.options.threads);
  const auto use = neighbours.use();
  if (use.not_available.empty() && !experiment.starts_neighbours)
    report.neighbours_share = use.others + use.stolen;
  if (!use.not_available.empty())
    report.notes.push_back("other processes: not available: " + use.not_available);
  if (!report.undone.empty())
    report.notes.push_back(fmt::format("left out for lack of time: {}", fmt::join(report.undone, ", ")));
  report.took_ns = watch.elapsed_ns();
  return report;
}

// One experiment within its allotment, and again when its figures say that the machine was disturbed and time
// is left for it. `others_need_s`: what the experiments after it need at least.
ExperimentReport run_planned(ExplainContext& context, const Experiment& experiment,
                             const std::string& program, const Allotment& allotment, double others_need_s) {
  const double seconds = context.options.seconds;
  context.options.seconds =
      context.options.keep_seconds ? seconds * std::min(1.0, allotment.stretch) : seconds * allotment.stretch;
  context.budget.begin(allotment.seconds);
  ExperimentReport report = run_once(context, experiment, program);
  if (const auto noise = noise_of(report); !noise.empty()) {
    const double took_s = in_seconds(report.took_ns), left_s = context.budget.left_s() - others_need_s;
    if (left_s > 2 * took_s) {
      context.progress(fmt::format("again, starting ({})", noise.front()));
      context.options.seconds *= 2;
      context.budget.begin(std::min(left_s, 3 * took_s));
      ExperimentReport again = run_once(context, experiment, program);
      again.notes.push_back(fmt::format("run again with {:.2g} s for each set of arms, since {}",
                                        context.options.seconds, noise.front()));
      if (noise_of(again).size() <= noise.size()) report = std::move(again);
    } else {
      report.notes.push_back(
          fmt::format("disturbed ({}), and no time was left to run it again", noise.front()));
    }
  }
  context.options.seconds = seconds;
  return report;
}

std::string time_words(const ExplainContext& context, const Allotment& allotment) {
  if (!context.budget.is_limited()) return "starting";
  return fmt::format("{} left, of which up to {} for this: starting", cli::duration(context.budget.left_s()),
                     cli::duration(std::min(allotment.seconds, context.budget.left_s())));
}

std::vector<const Experiment*> chosen_of(const ExplainContext& context,
                                         const std::vector<Experiment>& table) {
  const auto& chosen = context.options.experiments;
  std::vector<const Experiment*> experiments;
  for (const auto& experiment : table)
    if (chosen.empty() || std::ranges::find(chosen, experiment.name) != chosen.end())
      experiments.push_back(&experiment);
  return experiments;
}

ExperimentReport no_time_for(const Experiment& experiment, const std::string& program, double least_s) {
  ExperimentReport report = report_of(experiment, program);
  report.not_available =
      fmt::format("left out for lack of time: it needs {} at least", cli::duration(least_s));
  report.undone.push_back("all of it");
  return report;
}

// In the table's order, whenever each of them was run.
void sort_by_table(std::vector<ExperimentReport>& reports, const std::vector<Experiment>& table) {
  const auto place = [&](const ExperimentReport& report) {
    return std::ranges::find(table, report.name, &Experiment::name) - table.begin();
  };
  std::ranges::stable_sort(reports, {}, place);
}

}  // namespace

std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::vector<Experiment>& table,
                                              const std::string& program) {
  const auto say = context.progress;
  const auto named = [&](const Experiment& experiment) {
    context.progress = [&context, say, name = experiment.name](const std::string& what) {
      cli::check_interrupt("stopped while measuring");
      say(fmt::format("{}: {}", name, what));
    };
  };
  std::vector<const Experiment*> left = chosen_of(context, table);
  const double scale = scale_of(context);
  ProcessRuns spread(context, left, needs_of(left, context.options), scale);
  std::erase_if(left, [&](const Experiment* experiment) { return spread.has(*experiment); });
  std::vector<ExperimentReport> reports;
  const double all = static_cast<double>(left.size()) + 1;
  while (!left.empty()) {
    const Experiment& experiment = *left.front();
    context.progress = say;
    spread.advance((all - static_cast<double>(left.size())) / all, needs_of(left, context.options));
    const auto plan =
        allot(needs_of(left, context.options), context.budget.left_s() - spread.reserved_s(), scale);
    double others_need_s = spread.reserved_s();
    for (std::size_t i = 1; i < left.size(); ++i)
      others_need_s += plan[i].fits ? scale * left[i]->least_s : 0;
    left.erase(left.begin());
    named(experiment);
    const bool is_over = context.budget.left_s() <= spread.reserved_s() &&
                         std::ranges::any_of(reports, [](const auto& r) { return r.not_available.empty(); });
    if (!plan.front().fits || is_over) {
      reports.push_back(no_time_for(experiment, program, scale * experiment.least_s));
      continue;
    }
    context.progress(time_words(context, plan.front()));
    reports.push_back(run_planned(context, experiment, program, plan.front(), others_need_s));
    if (context.run_process && reports.back().not_available.empty())
      say_one_process(experiment, reports.back());
  }
  context.progress = say;
  spread.advance(1, {});
  for (const Experiment* experiment : spread.experiments()) {
    named(*experiment);
    reports.push_back(spread.finish(*experiment, run_once, program));
  }
  sort_by_table(reports, table);
  context.progress = say;
  return reports;
}

void add_account(std::vector<ExperimentReport>& reports, const std::vector<Experiment>& table,
                 const std::string& program) {
  std::erase_if(reports, [](const ExperimentReport& report) { return report.name == kAccountName; });
  std::vector<Testimony> all;
  std::vector<std::string> names, disturbed;
  for (const auto& report : reports) {
    names.push_back(report.name);
    if (!noise_of(report).empty()) disturbed.push_back(report.name);
    const auto row = std::ranges::find(table, report.name, &Experiment::name);
    if (row == table.end() || row->evidence == nullptr || !report.not_available.empty()) continue;
    for (auto& evidence : row->evidence(report)) all.push_back({report.name, std::move(evidence)});
  }
  ExperimentReport account = make_account(all, names, program);
  if (!disturbed.empty())
    account.notes.push_back(fmt::format("measured on a busy machine, so that their words may not hold: {}",
                                        fmt::join(disturbed, ", ")));
  reports.insert(reports.begin(), std::move(account));
}

std::vector<std::string> longer_run(const std::vector<ExperimentReport>& reports,
                                    const ExplainOptions& options) {
  std::vector<std::pair<double, std::string>> wide;
  std::vector<std::string> sentences;
  for (const auto& report : reports) {
    if (!report.undone.empty())
      sentences.push_back(fmt::format("{}: {}", report.name, fmt::join(report.undone, ", ")));
    double largest = 0;
    for (const auto& finding : report.findings)
      if (finding.is_part) largest = std::max(largest, std::abs(finding.interval.value));
    for (const auto& finding : report.findings) {
      const double width = finding.interval.relative_half_width();
      const bool is_small = std::abs(finding.interval.value) < kSmallPart * largest;
      if (finding.is_part && !is_small && width > kMostSpread / 3 && std::isfinite(width))
        wide.emplace_back(width,
                          fmt::format("{} ({})", finding.id, interval_text(finding.interval, finding.unit)));
    }
  }
  constexpr std::size_t kMostNamed = 5;
  std::ranges::sort(wide, std::greater<>());
  for (std::size_t i = 0; i < std::min(wide.size(), kMostNamed); ++i) sentences.push_back(wide[i].second);
  if (wide.size() > kMostNamed)
    sentences.push_back(
        fmt::format("{} with narrower intervals", counted(wide.size() - kMostNamed, "other part")));
  if (!sentences.empty() && options.budget_s > 0)
    sentences.insert(
        sentences.begin(),
        fmt::format("--budget {:.0f}m would halve the intervals that follow and add what was left "
                    "out (they narrow with the root of time)",
                    std::ceil(4 * options.budget_s / 60)));
  return sentences;
}

}  // namespace dsx::explain
