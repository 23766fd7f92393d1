// Running the chosen experiments: what disturbed one is noticed, and it is run again.
#include "study/explain/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/measure/neighbours.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/cli/interrupt.hpp"
#include "study/explain/agreement.hpp"

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
  return spec;
}

namespace {

ExperimentReport run_once(ExplainContext& context, const Experiment& experiment, const std::string& program) {
  ExperimentReport report;
  report.name = experiment.name;
  report.question = experiment.question;
  report.command = program + " --experiments " + experiment.name;
  const Stopwatch watch;
  const bench::Neighbours neighbours;
  try {
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
  report.took_ns = watch.elapsed_ns();
  return report;
}

}  // namespace

std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::vector<Experiment>& table,
                                              const std::string& program) {
  const auto& chosen = context.options.experiments;
  const auto say = context.progress;
  const double seconds = context.options.seconds;
  std::vector<ExperimentReport> reports;
  for (const auto& experiment : table) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), experiment.name) == chosen.end()) continue;
    context.progress = [&](const std::string& what) {
      cli::check_interrupt("stopped while measuring");
      say(fmt::format("{}: {}", experiment.name, what));
    };
    context.progress("starting");
    ExperimentReport report = run_once(context, experiment, program);
    // Figures that say the machine was disturbed are taken again, for twice as long.
    if (const auto noise = noise_of(report); !noise.empty()) {
      context.progress(fmt::format("again, starting ({})", noise.front()));
      context.options.seconds = 2 * seconds;
      ExperimentReport again = run_once(context, experiment, program);
      context.options.seconds = seconds;
      again.notes.push_back(
          fmt::format("run again with {:g} s for each set of arms, since {}", 2 * seconds, noise.front()));
      if (noise_of(again).size() <= noise.size()) report = std::move(again);
    }
    reports.push_back(std::move(report));
  }
  context.progress = say;
  return reports;
}

}  // namespace dsx::explain
