#include "study/analysis/latency_intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/measure/measure.hpp"

namespace dsx::analysis {
namespace {

struct Shares {
  double mean = 0, se = 0;
};

// Of the samples up to `value`, over processes.
Shares shares_up_to(const std::vector<bench::ProcessSamples>& processes, double value) {
  Shares shares;
  std::vector<double> each;
  double samples = 0;
  for (const bench::ProcessSamples& process : processes) {
    const auto below = std::count_if(process.values.begin(), process.values.end(),
                                     [&](double sample) { return sample <= value; });
    each.push_back(static_cast<double>(below) / static_cast<double>(process.values.size()));
    samples += static_cast<double>(process.values.size());
  }
  const auto n = static_cast<double>(each.size());
  for (const double share : each) shares.mean += share / n;
  double squares = 0;
  for (const double share : each) squares += (share - shares.mean) * (share - shares.mean);
  shares.se = std::sqrt(squares / (n - 1) / n);
  return shares;
}

}  // namespace

statistics::Estimate ratio_over_processes(const std::vector<bench::ProcessSamples>& ratios, double confidence,
                                          const RepeatedUnit& unit) {
  const bench::ProcessInterval interval =
      bench::process_interval(ratios, bench::ProcessScale::log, confidence);
  if (!interval.available())
    return statistics::cannot_estimate(
        fmt::format("one {} shows no spread between {}", unit.one, unit.several));
  if (!(interval.se > 0))
    return statistics::cannot_estimate(fmt::format("all {} give the same", unit.several));
  statistics::Estimate e;
  e.value = interval.value;
  e.low = interval.low;
  e.high = interval.high;
  e.se = interval.se;
  e.df = interval.effective_processes - 1;
  e.p = bench::process_p(ratios, 1);
  e.method = fmt::format("order statistics over {} {}, worth {:.1f} independent ones; se is the logarithm's",
                         interval.processes, unit.several, interval.effective_processes);
  return e;
}

QuantileInterval quantile_over_processes(const std::vector<bench::ProcessSamples>& processes, double q,
                                         double confidence) {
  std::vector<double> all;
  for (const bench::ProcessSamples& process : processes)
    all.insert(all.end(), process.values.begin(), process.values.end());
  QuantileInterval found;
  if (all.empty()) return found;
  std::sort(all.begin(), all.end());
  found.value = bench::quantile(all, q);
  if (processes.size() < 2) return found;
  // Few processes may agree by chance: never surer than as many independent samples.
  const double least = std::sqrt(q * (1 - q) / static_cast<double>(all.size()));
  const double se = std::max(least, shares_up_to(processes, found.value).se);
  const double half =
      statistics::t_quantile(0.5 + confidence / 2, static_cast<double>(processes.size()) - 1) * se;
  if (q - half >= 0) found.low = bench::quantile(all, q - half);
  if (q + half <= 1) found.high = bench::quantile(all, q + half);
  return found;
}

}  // namespace dsx::analysis
