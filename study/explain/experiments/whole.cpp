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
                     {"traffic", "MB", 2},
                     {"rate", "GFLOP/s", 1},
                     {"bandwidth", "GB/s", 1}},
                    {}};
  const auto& steps = network.plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto time = interval_of(bench::summarize(steps_ns[s]));
    const auto& cost = steps[s].kernel.cost;
    table.rows.push_back({steps[s].name, steps[s].kernel.impl, time.value / 1e6, time.low / 1e6,
                          time.high / 1e6, cost.flop / 1e6, cost.min_bytes / 1e6, cost.flop / time.value,
                          cost.min_bytes / time.value});
  }
  return table;
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
    owned.push_back(
        make_timed_network(variant, context.options.layout, context.options.batch, context.options.seed));
    networks.push_back(owned.back().get());
    arms.add("forward/" + variant, [network = networks.back()] { network->plan.forward(); });
  }
  arms.run();
  const auto samples =
      time_steps(networks, rounds_for(networks, context.options.seconds), context.options.seed, report);

  ReportTable whole{"whole",
                    fmt::format("forward pass, batch {}", context.options.batch),
                    {{"variant", ""},
                     {"time", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3},
                     {"p90", "ms", 3},
                     {"images", "1/s", 0},
                     {"sum of steps", "ms", 3}},
                    {}};
  std::vector<std::string> order;
  std::vector<std::map<std::string, std::vector<double>>> parts;
  for (std::size_t n = 0; n < networks.size(); ++n) {
    const auto time = arms.time_ns(n);
    parts.push_back(part_samples(*networks[n], samples[n], order));
    double sum_ns = 0;
    for (const auto& step_ns : samples[n]) sum_ns += bench::summarize(step_ns).median_ns;
    whole.rows.push_back({networks[n]->variant, time.value / 1e6, time.low / 1e6, time.high / 1e6,
                          arms.result(n).summary.p90_ns / 1e6, context.options.batch * 1e9 / time.value,
                          sum_ns / 1e6});
  }
  report.tables.push_back(whole);
  for (std::size_t n = 0; n < networks.size(); ++n)
    report.tables.push_back(step_table(*networks[n], samples[n]));

  const std::size_t base = networks.size() - 1;
  for (std::size_t n = 0; n < base; ++n) {
    const auto& variant = networks[n]->variant;
    const auto whole_ms = scaled(arms.difference_ns(n, base), 1e-6);
    const auto ratio = arms.ratio(n, base);
    report.findings.push_back({fmt::format("whole/{}-{}", variant, context.baseline()),
                               fmt::format("{} takes {} more than {} per batch of {}: {} times as long.",
                                           variant, interval_text(whole_ms, "ms"), context.baseline(),
                                           context.options.batch, interval_text(ratio, "")),
                               "ms", whole_ms, true});
    double sum_ms = 0;
    for (const auto& part : order) {
      if (!parts[n].contains(part) || !parts[base].contains(part)) continue;
      const auto part_ms = scaled(difference(parts[n].at(part), parts[base].at(part)), 1e-6);
      sum_ms += part_ms.value;
      report.findings.push_back({fmt::format("whole/{}-{}/{}", variant, context.baseline(), part),
                                 fmt::format("of these, {} lie in {}.", interval_text(part_ms, "ms"), part),
                                 "ms", part_ms, true});
    }
    const double residual = whole_ms.value - sum_ms;
    report.findings.push_back(
        {fmt::format("whole/{}-{}/residual", variant, context.baseline()),
         fmt::format(
             "the layers' differences add up to {:.2f} ms; {:.2f} ms ({:.1f}%) lie between steps or are "
             "not explained by them.",
             sum_ms, residual, 100 * residual / whole_ms.value),
         "ms",
         {residual, residual, residual},
         false});
  }
}

}  // namespace dsx::explain
