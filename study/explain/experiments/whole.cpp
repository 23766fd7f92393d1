// The difference to be explained: whole networks against each other, and which layers it lies in.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "study/explain/arm_set.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

// Time of each part per round, in ns.
std::map<std::string, std::vector<double>> part_samples(const TimedNetwork& network,
                                                        const std::vector<std::vector<double>>& steps_ns,
                                                        std::vector<std::string>& order) {
  std::map<std::string, std::vector<double>> parts;
  const auto& steps = network.plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto part = part_of(steps[s]);
    if (std::find(order.begin(), order.end(), part) == order.end()) order.push_back(part);
    auto& sum = parts[part];
    sum.resize(steps_ns[s].size(), 0.0);
    for (std::size_t r = 0; r < steps_ns[s].size(); ++r) sum[r] += steps_ns[s][r];
  }
  return parts;
}

Interval difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> values(std::min(a.size(), b.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = a[i] - b[i];
  return interval_of(bench::summarize(values));
}

ReportTable step_table(const TimedNetwork& network, const std::vector<std::vector<double>>& steps_ns) {
  ReportTable table{"steps_" + network.variant,
                    "steps of " + network.variant + " inside a pass",
                    {{"step", ""},
                     {"implementation", ""},
                     {"time", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3},
                     {"work", "MFLOP", 1},
                     {"executed", "MFLOP", 1},
                     {"traffic", "MB", 2},
                     {"rate", "GFLOP/s", 1},
                     {"bandwidth", "GB/s", 1}},
                    {}};
  const auto& steps = network.plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto time = interval_of(bench::summarize(steps_ns[s]));
    const auto& cost = steps[s].kernel.cost;
    table.rows.push_back({steps[s].name, steps[s].kernel.impl, time.value / 1e6, time.low / 1e6,
                          time.high / 1e6, cost.flop / 1e6, cost.executed_flop() / 1e6, cost.min_bytes / 1e6,
                          cost.executed_flop() / time.value, cost.min_bytes / time.value});
  }
  return table;
}

using PartSamples = std::map<std::string, std::vector<double>>;  // by part of the network, per round

ReportTable whole_table(const ExplainContext& context, const ArmSet& arms,
                        const std::vector<TimedNetwork*>& networks, const StepSamples& samples) {
  ReportTable table{"whole",
                    fmt::format("forward pass, batch {}", context.options.batch),
                    {{"variant", ""},
                     {"time", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3},
                     {"p90", "ms", 3},
                     {"images", "1/s", 0},
                     {"sum of steps", "ms", 3}},
                    {}};
  for (std::size_t n = 0; n < networks.size(); ++n) {
    const auto time = arms.time_ns(n);
    double sum_ns = 0;
    for (const auto& step_ns : samples[n]) sum_ns += bench::summarize(step_ns).median_ns;
    table.rows.push_back({networks[n]->variant, time.value / 1e6, time.low / 1e6, time.high / 1e6,
                          arms.result(n).summary.p90_ns / 1e6, context.options.batch * 1e9 / time.value,
                          sum_ns / 1e6});
  }
  return table;
}

// A network against the baseline: the whole difference, the part of each layer, and what is left.
void add_findings(ExperimentReport& report, const ExplainContext& context, const std::string& variant,
                  const Interval& whole_ms, const Interval& ratio, const std::vector<std::string>& order,
                  const PartSamples& parts, const PartSamples& base_parts) {
  const auto id = fmt::format("whole/{}-{}", variant, context.baseline());
  report.findings.push_back({id,
                             fmt::format("{} takes {} more than {} per batch of {}: {} times as long.",
                                         variant, interval_text(whole_ms, "ms"), context.baseline(),
                                         context.options.batch, interval_text(ratio, "")),
                             "ms", whole_ms, true});
  double sum_ms = 0;
  for (const auto& part : order) {
    if (!parts.contains(part) || !base_parts.contains(part)) continue;
    const auto part_ms = scaled(difference(parts.at(part), base_parts.at(part)), 1e-6);
    sum_ms += part_ms.value;
    report.findings.push_back({id + "/" + part,
                               fmt::format("of these, {} lie in {}.", interval_text(part_ms, "ms"), part),
                               "ms", part_ms, true});
  }
  const double residual = whole_ms.value - sum_ms;
  report.findings.push_back(
      {id + "/residual",
       fmt::format(
           "the layers' differences add up to {:.2f} ms; {:.2f} ms ({:.1f}%) lie between steps or are "
           "not explained by them.",
           sum_ms, residual, 100 * residual / whole_ms.value),
       "ms",
       {residual, residual, residual},
       false});
}

}  // namespace

void run_whole(ExplainContext& context, ExperimentReport& report) {
  if (!context.whole_network) {
    report.not_available = "these shapes are blocks of no network that is known as a whole; see factorial";
    return;
  }
  std::vector<std::unique_ptr<TimedNetwork>> owned;
  std::vector<TimedNetwork*> networks;
  ArmSet arms(context, report, context.options.seconds);
  for (const auto& variant : context.options.variants) {
    owned.push_back(make_timed_network(context, variant, context.options.layout));
    networks.push_back(owned.back().get());
    arms.add("forward/" + variant, [network = networks.back()] { network->plan.forward(); });
  }
  context.budget.expect_sets(2);  // the passes' steps take as long again
  arms.run();
  const StepSamples samples =
      time_steps(context, networks, rounds_for(networks, context.options.seconds), report);

  report.tables.push_back(whole_table(context, arms, networks, samples));
  std::vector<std::string> order;
  std::vector<PartSamples> parts;
  for (std::size_t n = 0; n < networks.size(); ++n) {
    parts.push_back(part_samples(*networks[n], samples[n], order));
    report.tables.push_back(step_table(*networks[n], samples[n]));
  }
  const std::size_t base = networks.size() - 1;
  for (std::size_t n = 0; n < base; ++n)
    add_findings(report, context, networks[n]->variant, scaled(arms.difference_ns(n, base), 1e-6),
                 arms.ratio(n, base), order, parts[n], parts[base]);
}

}  // namespace dsx::explain
