// Summary statistics and the interleaving loop.
#include "bench/measure.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

namespace dsx {

double quantile(std::span<const double> sorted, double q) {
  if (sorted.empty()) return 0;
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// The number of samples below the median is Binomial(n, 1/2). With low the largest rank such that
// P(B <= low - 1) <= 2.5%, the order statistics low - 1 and n - low (0-based) enclose the median with 95%.
Ranks median_interval_ranks(std::size_t count) {
  if (count == 0) return {};
  const auto n = static_cast<double>(count);
  double cumulative = 0;
  std::size_t low = 0;
  for (std::size_t k = 0; k < count / 2; ++k) {
    const auto x = static_cast<double>(k);
    cumulative +=
        std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) - n * std::log(2.0));
    if (cumulative > 0.025) break;
    low = k;
  }
  return {low, count - 1 - low};
}

Summary summarize(std::span<const double> samples_ns, std::size_t left_out) {
  Summary s;
  s.count = samples_ns.size();
  s.left_out = left_out;
  if (samples_ns.empty()) return s;
  std::vector<double> sorted(samples_ns.begin(), samples_ns.end());
  std::sort(sorted.begin(), sorted.end());
  s.median_ns = quantile(sorted, 0.5);
  s.mean_ns = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  s.min_ns = sorted.front();
  s.max_ns = sorted.back();
  s.p90_ns = quantile(sorted, 0.9);
  s.p99_ns = quantile(sorted, 0.99);
  s.iqr_ns = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const auto ranks = median_interval_ranks(sorted.size());
  s.median_low_ns = sorted[ranks.low];
  s.median_high_ns = sorted[ranks.high];
  std::vector<double> deviations(sorted);
  for (auto& d : deviations) d = std::abs(d - s.median_ns);
  std::sort(deviations.begin(), deviations.end());
  s.mad_ns = quantile(deviations, 0.5);
  return s;
}

Disturbance& Disturbance::operator+=(const Disturbance& other) {
  involuntary_switches += other.involuntary_switches;
  voluntary_switches += other.voluntary_switches;
  page_faults += other.page_faults;
  return *this;
}

Disturbance operator-(const Disturbance& a, const Disturbance& b) {
  return {a.involuntary_switches - b.involuntary_switches, a.voluntary_switches - b.voluntary_switches,
          a.page_faults - b.page_faults};
}

Disturbance disturbance_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {usage.ru_nivcsw, usage.ru_nvcsw, usage.ru_minflt + usage.ru_majflt};
}

double time_once_ns(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  run();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

std::vector<std::size_t> round_order(std::size_t count, int round, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(round));
  // Fisher-Yates by hand: std::shuffle differs between standard libraries.
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

namespace {

void run_untimed(const Arm& arm, int times) {
  for (int i = 0; i < times; ++i) {
    if (arm.prepare) arm.prepare();
    arm.run();
  }
}

// One timed sample; returns its duration for the time budget.
double sample(const Arm& arm, const MeasureOptions& options, Result& result) {
  if (arm.prepare) arm.prepare();
  const auto before = disturbance_now();
  const double ns = time_once_ns(arm.run);
  const auto during = disturbance_now() - before;
  result.disturbance += during;
  const bool disturbed = during.involuntary_switches > 0;
  if (disturbed) ++result.disturbed_samples;
  const bool leave_out =
      options.repeat_disturbed && disturbed && result.left_out_ns.size() <= result.samples_ns.size();
  (leave_out ? result.left_out_ns : result.samples_ns).push_back(ns);
  return ns;
}

void run_round(const std::vector<Arm>& arms, const MeasureOptions& options, int round,
               std::vector<Result>& results, double& timed_ns) {
  for (const auto i : round_order(arms.size(), round, options.seed)) {
    run_untimed(arms[i], options.settle_runs);
    const auto wanted = results[i].samples_ns.size() + static_cast<std::size_t>(options.runs_per_round);
    while (results[i].samples_ns.size() < wanted) timed_ns += sample(arms[i], options, results[i]);
  }
}

}  // namespace

std::vector<Result> measure(const std::vector<Arm>& arms, const MeasureOptions& options) {
  if (options.runs_per_round < 1 || options.max_rounds < 1) throw std::logic_error("measure: nothing to run");
  std::vector<Result> results(arms.size());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    results[i].name = arms[i].name;
    run_untimed(arms[i], options.warmup_runs);
  }
  if (arms.empty()) return results;
  double timed_ns = 0;
  for (int round = 0; round < options.max_rounds; ++round) {
    const double seconds = timed_ns * 1e-9;
    if (round > 0 && seconds >= options.max_time_s) break;
    if (round >= options.min_rounds && seconds >= options.min_time_s) break;
    run_round(arms, options, round, results, timed_ns);
    if (options.keep_going && !options.keep_going(round + 1)) break;
  }
  for (auto& result : results) {
    // A machine that disturbs half of the samples or more gives no undisturbed picture: keep everything.
    if (result.left_out_ns.size() >= result.samples_ns.size()) {
      result.samples_ns.insert(result.samples_ns.end(), result.left_out_ns.begin(), result.left_out_ns.end());
      result.left_out_ns.clear();
    }
    result.summary = summarize(result.samples_ns, result.left_out_ns.size());
  }
  return results;
}

}  // namespace dsx
