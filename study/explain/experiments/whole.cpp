// The difference to be explained: whole networks against each other, and which layers it lies in.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "study/explain/arm_set.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

// Steps of all networks as arms of step_times().
struct Steps {
  ProcessTimes times;
  std::vector<std::size_t> first_arm;  // of each network
};

using Terms = std::vector<ProcessTimes::Term>;

// By part of the network, its steps.
std::map<std::string, Terms> parts_of(const TimedNetwork& network, std::size_t first_arm, double weight,
                                      std::vector<std::string>& order) {
  std::map<std::string, Terms> parts;
  const auto& steps = network.plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto part = part_of(steps[s]);
    if (std::find(order.begin(), order.end(), part) == order.end()) order.push_back(part);
    parts[part].push_back({first_arm + s, weight});
  }
  return parts;
}

ReportTable step_table(const TimedNetwork& network, const ProcessTimes& times, std::size_t first_arm) {
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
    const auto time = times.time_ns(first_arm + s);
    const auto& cost = steps[s].kernel.cost;
    table.rows.push_back({steps[s].name, steps[s].kernel.impl, time.value / 1e6, time.low / 1e6,
                          time.high / 1e6, cost.flop / 1e6, cost.executed_flop() / 1e6, cost.min_bytes / 1e6,
                          cost.executed_flop() / time.value, cost.min_bytes / time.value});
  }
  return table;
}

ReportTable whole_table(const ExplainContext& context, const ArmSet& arms,
                        const std::vector<TimedNetwork*>& networks, const Steps& steps) {
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
    for (std::size_t s = 0; s < networks[n]->plan.forward_steps().size(); ++s)
      sum_ns += steps.times.time_ns(steps.first_arm[n] + s).value;
    table.rows.push_back({networks[n]->variant, time.value / 1e6, time.low / 1e6, time.high / 1e6,
                          arms.result(n).summary.p90_ns / 1e6, context.options.batch * 1e9 / time.value,
                          sum_ns / 1e6});
  }
  return table;
}

// What of the difference between whole passes no step has; passes and steps were timed one after the other by
// the same processes.
Interval residual_ns(const ArmSet& arms, const Steps& steps, const Terms& parts, std::size_t n,
                     std::size_t base) {
  return arms.times().beside(steps.times, bench::ProcessScale::plain,
                             [&](const RecordedSet& whole, const RecordedSet& by_step) {
                               std::vector<double> values(whole[n].samples_ns.size());
                               auto rounds = std::min(values.size(), whole[base].samples_ns.size());
                               for (const auto& part : parts)
                                 rounds = std::min(rounds, by_step[part.arm].samples_ns.size());
                               values.resize(rounds);
                               for (std::size_t i = 0; i < rounds; ++i) {
                                 values[i] = whole[n].samples_ns[i] - whole[base].samples_ns[i];
                                 for (const auto& part : parts)
                                   values[i] -= part.weight * by_step[part.arm].samples_ns[i];
                               }
                               return values;
                             });
}

// A network against the baseline: the whole difference, the part of each layer, and what is left.
void add_findings(ExperimentReport& report, const ExplainContext& context, const ArmSet& arms,
                  const std::vector<TimedNetwork*>& networks, const Steps& steps, std::size_t n) {
  const std::size_t base = networks.size() - 1;
  const auto& variant = networks[n]->variant;
  const auto whole_ms = scaled(arms.difference_ns(n, base), 1e-6), ratio = arms.ratio(n, base);
  std::vector<std::string> order;
  auto parts = parts_of(*networks[n], steps.first_arm[n], 1, order);
  auto base_parts = parts_of(*networks[base], steps.first_arm[base], -1, order);
  const auto id = fmt::format("whole/{}-{}", variant, context.baseline());
  report.findings.push_back({id,
                             fmt::format("{} takes {} more than {} per batch of {}: {} times as long.",
                                         variant, interval_text(whole_ms, "ms"), context.baseline(),
                                         context.options.batch, interval_text(ratio, "")),
                             "ms", whole_ms, true});
  Terms all;
  for (const auto& part : order) {
    if (!parts.contains(part) || !base_parts.contains(part)) continue;
    Terms terms = parts.at(part);
    terms.insert(terms.end(), base_parts.at(part).begin(), base_parts.at(part).end());
    const auto part_ms = scaled(steps.times.combination_ns(terms), 1e-6);
    all.insert(all.end(), terms.begin(), terms.end());
    report.findings.push_back({id + "/" + part,
                               fmt::format("of these, {} lie in {}.", interval_text(part_ms, "ms"), part),
                               "ms", part_ms, true});
  }
  if (all.empty()) return;
  const auto sum_ms = scaled(steps.times.combination_ns(all), 1e-6);
  const auto residual_ms = scaled(residual_ns(arms, steps, all, n, base), 1e-6);
  report.findings.push_back(
      {id + "/residual",
       fmt::format(
           "the layers' differences add up to {}; {} ({:.1f}%) lie between steps or are not explained "
           "by them.",
           interval_text(sum_ms, "ms"), interval_text(residual_ms, "ms"),
           100 * residual_ms.value / whole_ms.value),
       "ms", residual_ms, false});
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
  Steps steps{step_times(context, networks, context.options.seconds, report), {}};
  std::size_t arm = 0;
  for (const auto* network : networks) {
    steps.first_arm.push_back(arm);
    arm += network->plan.forward_steps().size();
  }
  report.tables.push_back(whole_table(context, arms, networks, steps));
  for (std::size_t n = 0; n < networks.size(); ++n)
    report.tables.push_back(step_table(*networks[n], steps.times, steps.first_arm[n]));
  for (std::size_t n = 0; n + 1 < networks.size(); ++n)
    add_findings(report, context, arms, networks, steps, n);
}

}  // namespace dsx::explain
