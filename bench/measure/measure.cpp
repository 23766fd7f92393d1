// Summary statistics and the interleaving loop.
#include "bench/measure/measure.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

namespace dsx::bench {

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

void run_round(const std::vector<Arm>& arms, const MeasureOptions& options, int round,
               std::vector<Sampler>& samplers) {
  for (const auto i : round_order(arms.size(), round, options.seed)) {
    run_untimed(arms[i], options.settle_runs);
    for (int run = 0; run < options.runs_per_round; ++run) samplers[i].take();
  }
}

}  // namespace

Sampler::Sampler(const Arm& arm, const MeasureOptions& options) : arm_(arm), options_(options) {
  result_.name = arm.name;
}

double Sampler::take() {
  for (;;) {
    if (arm_.prepare) arm_.prepare();
    const auto before = disturbance_now();
    if (options_.counters != nullptr) options_.counters->start();
    const double ns = time_once_ns(arm_.run);
    CounterReading counted;
    if (options_.counters != nullptr) counted = options_.counters->stop();
    const auto during = disturbance_now() - before;
    timed_ns_ += ns;
    result_.disturbance += during;
    const bool disturbed = is_disturbed(during, ns);
    if (disturbed) ++result_.disturbed_samples;
    const bool leave_out =
        options_.repeat_disturbed && disturbed && result_.left_out_ns.size() <= result_.samples_ns.size();
    (leave_out ? result_.left_out_ns : result_.samples_ns).push_back(ns);
    (leave_out ? left_out_counters_ : result_.counters) += counted;
    if (!leave_out) return ns;
  }
}

Result Sampler::finish() {
  auto& samples_ns = result_.samples_ns;
  auto& left_out_ns = result_.left_out_ns;
  // A machine that disturbs half of the samples or more gives no undisturbed picture: keep everything.
  if (!left_out_ns.empty() && left_out_ns.size() >= samples_ns.size()) {
    samples_ns.insert(samples_ns.end(), left_out_ns.begin(), left_out_ns.end());
    left_out_ns.clear();
    result_.counters += left_out_counters_;
    result_.busy = true;
  }
  result_.summary = summarize(samples_ns, left_out_ns.size());
  return std::move(result_);
}

std::vector<Result> measure(const std::vector<Arm>& arms, const MeasureOptions& options) {
  if (options.runs_per_round < 1 || options.max_rounds < 1) throw std::logic_error("measure: nothing to run");
  std::vector<Sampler> samplers;
  samplers.reserve(arms.size());
  for (const auto& arm : arms) {
    samplers.emplace_back(arm, options);
    run_untimed(arm, options.warmup_runs);
  }
  for (int round = 0; round < options.max_rounds && !arms.empty(); ++round) {
    double timed_ns = 0;
    for (const auto& sampler : samplers) timed_ns += sampler.timed_ns();
    const double seconds = timed_ns * 1e-9;
    if (round > 0 && seconds >= options.max_time_s) break;
    if (round >= options.min_rounds && seconds >= options.min_time_s) break;
    run_round(arms, options, round, samplers);
    if (options.keep_going && !options.keep_going(round + 1)) break;
  }
  std::vector<Result> results;
  results.reserve(samplers.size());
  for (auto& sampler : samplers) results.push_back(sampler.finish());
  return results;
}

}  // namespace dsx::bench
