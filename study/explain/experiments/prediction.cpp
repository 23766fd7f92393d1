// The report of the model (prediction_model.cpp) against the measured time of each step.
#include "study/explain/experiments/prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "bench/measure/latency.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/limits.hpp"
#include "study/explain/recorded_times.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

// What the residual says, by the term of the model that would have met it.
std::string residual_name(const StepPrediction& p, const kernels::Step& step, double measured_ns) {
  const double ratio = measured_ns / p.ns();
  if (ratio >= 1 / 1.35 && ratio <= 1.35) return "predicted";
  if (ratio < 1)
    return p.roofline_ns() < 1.35 * measured_ns ? "arithmetic and traffic overlap: the roofline predicts it"
                                                : "its arguments were nearer than the model says";
  if (measured_ns < 5e4) return "too short: mostly the call itself";
  const double share = 100 * (p.traffic_ns > p.compute_ns ? p.traffic_ns / (measured_ns - p.compute_ns)
                                                          : p.compute_ns / (measured_ns - p.traffic_ns));
  if (p.traffic_ns > p.compute_ns)
    return fmt::format("{} reaches {:.0f}% of the bandwidth measured for such loads", step.kernel.impl,
                       share);
  return fmt::format("{} reaches {:.0f}% of a matrix product's rate on the lanes it fills", step.kernel.impl,
                     share);
}

// A block's steps in passes through all of them.
RecordedSet time_block(const std::vector<kernels::Step>& steps, const std::vector<std::string>& arms) {
  constexpr int kWarmup = 2, kPasses = 25;
  dnnl::stream stream(steps.front().arguments.begin()->second.get_engine());
  RecordedSet set;
  for (const auto& arm : arms) set.push_back({arm, {}, 0, 0, {}});
  for (int pass = 0; pass < kWarmup + kPasses; ++pass) {
    const auto ns = bench::time_pass_ns(steps, stream);
    for (std::size_t s = 0; pass >= kWarmup && s < ns.size(); ++s) set[s].samples_ns.push_back(ns[s]);
  }
  return set;
}

// A network's pass, or the block of one shape.
struct Subject {
  std::string name;
  std::unique_ptr<TimedNetwork> network;
  bench::Work block;
  ProcessTimes times{};
  const std::vector<kernels::Step>& steps() const {
    return network ? network->plan.forward_steps() : block.steps;
  }
};

// Loads of which a step's source comes in pieces of its channels (predict_step()).
std::set<Limits::Narrow> narrow_reads(const std::vector<Subject>& subjects) {
  std::set<Limits::Narrow> narrow;
  for (const auto& subject : subjects) {
    for (const auto& step : subject.steps()) {
      const auto source = step.arguments.find(DNNL_ARG_SRC);
      if (source == step.arguments.end() || uses_fma(step.kernel)) continue;
      const auto md = source->second.get_desc();
      narrow.emplace(static_cast<int>(md.get_dims()[1]), static_cast<double>(md.get_size()));
    }
  }
  return narrow;
}

std::vector<StepPrediction> predictions_of(const ExplainContext& context, const Subject& subject,
                                           const Limits& limits, const RecordedSet& process) {
  const auto narrow = [&](int channels, double bytes) {
    return limits.narrow_gbps(process, {channels, bytes});
  };
  return predict_steps(subject.steps(), limits.machine(process), context.topology, context.options.threads,
                       narrow);
}

// The steps `first` to before `end` against their prediction, each process against that of its own limits:
// measured over predicted, or measured less predicted in ns.
enum class Against { ratio, difference };
Interval against(const ExplainContext& context, const Subject& subject, const Limits& limits,
                 std::size_t first, std::size_t end, Against kind) {
  const auto scale = kind == Against::ratio ? bench::ProcessScale::log : bench::ProcessScale::plain;
  return subject.times.beside(limits.times(), scale,
                              [&](const RecordedSet& measured, const RecordedSet& process) {
                                const auto predictions = predictions_of(context, subject, limits, process);
                                double predicted = 0;
                                std::vector<double> values(measured[first].samples_ns.size(), 0.0);
                                for (std::size_t s = first; s < end; ++s) {
                                  predicted += predictions[s].ns();
                                  values.resize(std::min(values.size(), measured[s].samples_ns.size()));
                                  for (std::size_t i = 0; i < values.size(); ++i)
                                    values[i] += measured[s].samples_ns[i];
                                }
                                for (double& value : values)
                                  value = kind == Against::ratio ? value / predicted : value - predicted;
                                return values;
                              });
}

void report_steps(const ExplainContext& context, ExperimentReport& report, const Subject& subject,
                  const Limits& limits) {
  const auto& name = subject.name;
  const auto& steps = subject.steps();
  const auto predictions = predictions_of(context, subject, limits, limits.typical());
  ReportTable table{name,
                    fmt::format("{}: predicted from peaks and bandwidths, against measured", name),
                    {{"step", ""},
                     {"measured", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3},
                     {"predicted", "ms", 3},
                     {"ratio", "", 2},
                     {"ratio low", "", 2},
                     {"ratio high", "", 2},
                     {"arithmetic", "ms", 3},
                     {"traffic", "ms", 3},
                     {"lanes", "", 2},
                     {"arguments", ""},
                     {"residual", ""}},
                    {}};
  double measured = 0, predicted = 0;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto& p = predictions[s];
    const auto time = subject.times.time_ns(s);
    measured += time.value;
    predicted += p.ns();
    const auto named = residual_name(p, steps[s], time.value);
    const auto ratio = against(context, subject, limits, s, s + 1, Against::ratio);
    table.rows.push_back({steps[s].name, time.value / 1e6, time.low / 1e6, time.high / 1e6, p.ns() / 1e6,
                          ratio.value, ratio.low, ratio.high, p.compute_ns / 1e6, p.traffic_ns / 1e6, p.lanes,
                          p.levels, named});
    if (named == "predicted" || time.value < 0.02 * measured) continue;
    report.findings.push_back(
        {fmt::format("prediction/{}/{}", name, steps[s].name),
         fmt::format("{} {}: measured {} against {:.2f} ms predicted: {}.", name, steps[s].name,
                     interval_text(scaled(time, 1e-6), "ms"), p.ns() / 1e6, named),
         "ms", scaled(against(context, subject, limits, s, s + 1, Against::difference), 1e-6), false});
  }
  report.tables.push_back(std::move(table));
  const auto ratio = against(context, subject, limits, 0, steps.size(), Against::ratio);
  report.findings.push_back(
      {fmt::format("prediction/{}", name),
       fmt::format("{}: all steps {:.2f} ms, predicted {:.2f} ms: {} times as long as predicted.", name,
                   measured / 1e6, predicted / 1e6, interval_text(ratio, "")),
       "times", ratio, false});
}

void time_variant(ExplainContext& context, ExperimentReport& report, const std::string& variant,
                  std::vector<Subject>& subjects) {
  if (context.whole_network) {
    Subject one{variant, make_timed_network(context, variant, context.options.layout), {}};
    one.times = step_times(context, {one.network.get()}, context.options.seconds / 2, report);
    subjects.push_back(std::move(one));
    return;
  }
  for (const auto& geometry : context.geometries) {
    Subject one{geometry.name + "_" + variant, nullptr,
                bench::build_block(context.spec(geometry, variant, bench::Unit::block))};
    one.block.run();
    std::vector<std::string> arms;
    for (const auto& step : one.block.steps) arms.push_back(one.name + "/" + step.name);
    one.times = recorded_times(context, report, arms, [&] { return time_block(one.block.steps, arms); });
    subjects.push_back(std::move(one));
  }
}

}  // namespace

void run_prediction(ExplainContext& context, ExperimentReport& report) {
  const auto& options = context.options;
  context.budget.expect_sets(static_cast<int>(options.variants.size()));
  context.progress("the machine's limits");
  Limits limits(context, report);
  std::vector<Subject> subjects;
  for (const auto& variant : options.variants) {
    if (!context.has_time_for(variant, report)) continue;
    context.budget.take_set();
    context.progress(variant);
    time_variant(context, report, variant, subjects);
  }
  context.progress("the machine's limits once more");
  limits.measure_behind(narrow_reads(subjects));
  for (const auto& subject : subjects) report_steps(context, report, subject, limits);
  limits.add_to_report();
  report.notes.emplace_back(
      "predicted is arithmetic (flop at the rate of a large matrix product, on the lanes that the channels "
      "fill) plus traffic (each argument at the bandwidth of the level that holds it); a residual beyond 35% "
      "is "
      "named. The limits were measured in the processes below, before and behind the steps, each time the "
      "best "
      "of some samples: a disturbance only slows. Ratios and residuals are taken within each process");
}

namespace {

// "block1 maxpool", "block1 convolution", "fc1": of a step in the table of a network or of a block.
std::string step_name(const ReportTable& table, const std::string& step) {
  const auto dot = step.find('.');
  const bool is_block = dot != std::string::npos && table.name.starts_with(step.substr(0, dot) + "_");
  const auto place = is_block ? step.substr(0, dot) : "block" + step.substr(step.size() - 1);
  const auto kind = is_block ? step.substr(dot + 1) : step.substr(0, step.size() - 1);
  const auto variant = is_block ? table.name.substr(dot + 1) : table.name;
  if (!is_block && kind != "conv" && kind != "pool" && kind != "down") return step;
  const auto& operators = downsample::downsample_table();
  const auto row = std::ranges::find(operators, variant, &downsample::DownsampleOp::name);
  if (row != operators.end() && row->acts_in_convolution()) return place + " " + variant;
  if (kind == "block") return place + " " + variant + " block";
  if (kind != "conv") return place + " " + variant;
  const bool is_alone = std::ranges::none_of(table.rows, [&](const auto& other) {
    const auto name = text_in(table, other, "step");
    return name != step && (is_block ? name.starts_with(place + ".") : name.ends_with(step.back())) &&
           !name.starts_with("fc");
  });
  return place + (is_alone ? " " + variant + " block" : " convolution");
}

}  // namespace

// The model is trusted within 35%, as its residuals are, of a time within its interval; arithmetic alone is
// the least of what a step's own instructions may take.
std::vector<Evidence> evidence_of_prediction(const ExperimentReport& report) {
  constexpr double kTrust = 1.35, kShortMs = 0.05;
  std::vector<Evidence> all;
  for (const auto& table : report.tables) {
    for (const auto& row : table.rows) {
      const auto step = text_in(table, row, "step");
      const double measured = number_in(table, row, "measured"), traffic = number_in(table, row, "traffic"),
                   arithmetic = number_in(table, row, "arithmetic");
      if (step.empty() || step.find("reorder") != std::string::npos || !(measured > kShortMs)) continue;
      const std::string next =
          "prediction again, with the machine's limits measured anew (study explain --experiments "
          "prediction)";
      const auto name = step_name(table, step);
      if (std::ranges::any_of(all, [&](const Evidence& e) { return e.step == name; })) continue;
      const auto end = [&](const char* column) {  // reports of 0.1 have the measured time alone
        const double ms = number_in(table, row, column);
        return std::isfinite(ms) ? ms : measured;
      };
      const double low = end("low"), high = end("high");
      const bool is_believable = traffic + arithmetic <= kTrust * measured;
      all.push_back({name, "bandwidth",
                     is_believable
                         ? share_of({traffic / measured, traffic / kTrust / high, traffic * kTrust / low}, 1)
                         : Interval{NAN, NAN, NAN},
                     is_believable ? "its bytes at the bandwidth measured here"
                                   : "the model says more than was measured",
                     next});
      all.push_back({name, "instructions",
                     is_believable ? share_of({arithmetic / measured, arithmetic / kTrust / high, 1}, 1)
                                   : Interval{NAN, NAN, NAN},
                     is_believable ? "its arithmetic at a matrix product's rate, at least"
                                   : "the model says more than was measured",
                     next});
    }
  }
  return all;
}

}  // namespace dsx::explain
