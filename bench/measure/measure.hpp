// The one measuring function. Every time in this project comes from here: benchmarks, latencies, experiments.
// Arms are run interleaved, so that a drifting clock or a busy neighbour hits all of them alike; every sample
// is kept; what disturbed it is counted beside it. What the arms do, and checking that they do it right, is
// the callers'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/counters.hpp"
#include "bench/measure/disturbance.hpp"
#include "kernels/base/clock.hpp"

namespace dsx::bench {

// Quantiles interpolate linearly between order statistics (numpy's default).
struct Summary {
  std::size_t count = 0;     // samples behind the figures
  std::size_t left_out = 0;  // samples that a rule removed: see MeasureOptions::repeat_disturbed
  double median_ns = 0, mean_ns = 0, min_ns = 0, max_ns = 0;
  double p90_ns = 0, p99_ns = 0;
  double mad_ns = 0;  // median absolute deviation from the median, not scaled
  double iqr_ns = 0;  // 75% - 25% quantile
  // The interval between two order statistics that covers the true median in at least 95% of repetitions,
  // whatever the distribution. Fewer than 6 samples cannot give 95%: then it is [min, max].
  double median_low_ns = 0, median_high_ns = 0;
};
Summary summarize(std::span<const double> samples_ns, std::size_t left_out = 0);

double quantile(std::span<const double> sorted, double q);
// Ranks (0-based) of that interval's ends among `count` sorted samples.
struct Ranks {
  std::size_t low = 0, high = 0;
};
Ranks median_interval_ranks(std::size_t count);

struct Arm {
  std::string name;
  std::function<void()> run;  // timed
  std::function<void()>
      prepare;  // untimed, before every run, also the warm-up ones: flushing caches; may be empty
};

struct MeasureOptions {
  int warmup_runs = 3;     // per arm, before the first round
  int settle_runs = 0;     // per arm and round, untimed: brings the caches back to this arm after the others
  int runs_per_round = 1;  // timed samples per arm and round
  int min_rounds = 10;
  int max_rounds = 1000000;
  double min_time_s = 0.5;  // measure until all arms' timed parts add up to it, within the rounds' limits
  double max_time_s =
      60;  // stop then, whatever min_rounds says, but never before the first round is complete
  std::uint64_t seed = 1;  // of the order of arms, drawn anew in each round
  // Off: every sample counts. On: a disturbed sample (disturbance.hpp) is left out, counted, and repeated;
  // when half of an arm's samples are like that, the machine is busy and all are kept.
  bool repeat_disturbed = false;
  Counters* counters = nullptr;  // also count during the timed samples; started and stopped outside the time
  std::function<bool(int done_rounds)> keep_going;  // after each round; false stops; may be empty
};

struct Result {
  std::string name;
  std::vector<double> samples_ns;   // in order of time
  std::vector<double> left_out_ns;  // removed by the rule above
  Summary summary;
  Disturbance disturbance;            // during all timed samples of this arm
  std::size_t disturbed_samples = 0;  // those that were, kept or left out
  bool busy = false;                  // repeat_disturbed was asked for and given up: see there
  CounterReading counters;            // sum over the samples in samples_ns; no rows without counters
};

// Takes timed samples of one arm, one by one, for callers that have a loop of their own (Google Benchmark's);
// measure() is made of it. Of `options` it heeds repeat_disturbed and counters.
class Sampler {
 public:
  Sampler(const Arm& arm, const MeasureOptions& options);  // both must outlive it
  // Prepares and times until one sample counts; its ns.
  double take();
  double timed_ns() const { return timed_ns_; }  // of all samples, those left out as well
  Result finish();                               // once

 private:
  const Arm& arm_;
  const MeasureOptions& options_;
  Result result_;
  CounterReading left_out_counters_;
  double timed_ns_ = 0;
};

// Runs the arms in rounds: each round runs every arm once, in an order drawn for that round. Results come in
// the order of `arms`. An exception of an arm passes through.
std::vector<Result> measure(const std::vector<Arm>& arms, const MeasureOptions& options);

// One timed call, in ns by the steady clock: for those who want one number, or interleave in a way of their
// own.
template <typename Run>
double time_once_ns(const Run& run) {
  const auto start_ns = now_ns();
  run();
  return static_cast<double>(now_ns() - start_ns);
}

// The order in which round `round` runs `count` arms.
std::vector<std::size_t> round_order(std::size_t count, int round, std::uint64_t seed);

}  // namespace dsx::bench
