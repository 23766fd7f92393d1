// The table of experiments, and running the chosen ones.
#include "study/explain/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/neighbours.hpp"
#include "kernels/context.hpp"
#include "kernels/error.hpp"
#include "study/explain/agreement.hpp"
#include "study/interrupt.hpp"

namespace dsx {

const std::vector<Experiment>& experiment_table() {
  static const std::vector<Experiment> table{
      {"whole", "how much do the networks differ, and in which layers?", run_whole},
      {"factorial", "how much of it is convolution work, memory traffic, pooling?", run_factorial},
      {"dispatch", "what does oneDNN run for each layout, and what does letting it choose cost?",
       run_dispatch},
      {"working_set", "where does a pixel get dearer as more bytes are touched?", run_working_set},
      {"hot_cold", "what does each argument cost when it is not in the cache?", run_hot_cold},
      {"strips", "does pooling get cheaper when its input still lies in the cache?", run_strips},
      {"fused", "what does the same block cost when nothing is stored between its steps?", run_fused},
      {"data_dependence", "does the time depend on the values?", run_data_dependence},
      {"threads", "what do threads give, inside a layer and across images?", run_threads},
      {"prediction", "do the machine's measured limits predict each step's time?", run_prediction},
      {"original", "whose is the original study's max-pooling penalty?", run_original},
  };
  return table;
}

std::vector<std::string> ExplainContext::pooled_variants(const Geometry& geometry) const {
  std::vector<std::string> ops;
  for (const auto& variant : options.variants) {
    const bool own = geometry.own && variant == geometry.own->name();
    if (own || downsample_op(variant).conv_stride == 1) ops.push_back(variant);
  }
  return ops;
}

BlockSpec ExplainContext::spec(const Geometry& geometry, const std::string& op, Unit unit) const {
  BlockSpec spec;
  spec.geometry = geometry;
  spec.op = op;
  spec.unit = unit;
  spec.layout = options.layout;
  spec.batch = options.batch;
  return spec;
}

namespace {

ExperimentReport run_once(ExplainContext& context, const Experiment& experiment, const std::string& program) {
  using Clock = std::chrono::steady_clock;
  ExperimentReport report;
  report.name = experiment.name;
  report.question = experiment.question;
  report.command = program + " --experiments " + experiment.name;
  const auto start = Clock::now();
  const Neighbours neighbours;
  try {
    experiment.run(context, report);
  } catch (const UnsupportedError& error) {
    report.not_available = error.what();
  } catch (const dnnl::error& error) {
    report.not_available =
        fmt::format("oneDNN {} offers nothing for it: {}", onednn_info().version, error.what());
  }
  set_threads(context.options.threads);
  const auto use = neighbours.use();
  // The experiment that starts a neighbour itself knows what it does.
  if (use.not_available.empty() && experiment.run != run_original)
    report.neighbours_share = use.others + use.stolen;
  if (!use.not_available.empty())
    report.notes.push_back("other processes: not available: " + use.not_available);
  report.took_s = std::chrono::duration<double>(Clock::now() - start).count();
  return report;
}

}  // namespace

std::vector<ExperimentReport> run_experiments(ExplainContext& context, const std::string& program) {
  const auto& chosen = context.options.experiments;
  const auto say = context.progress;
  const double seconds = context.options.seconds;
  std::vector<ExperimentReport> reports;
  for (const auto& experiment : experiment_table()) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), experiment.name) == chosen.end()) continue;
    context.progress = [&](const std::string& what) {
      check_interrupt("stopped while measuring");
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

}  // namespace dsx
