#include "bench/measure/process_interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/statistics/univariate_statistics.hpp>
#include <cmath>
#include <stdexcept>

#include "bench/measure/measure.hpp"
#include "kernels/base/ranks.hpp"

namespace dsx::bench {

namespace {

using boost::math::statistics::mean;
using boost::math::statistics::sample_variance;

// Half the mean square of successive differences: the variance without what changes slowly (von Neumann
// 1941).
double variance_of_steps(std::span<const double> x) {
  double squares = 0;
  for (std::size_t i = 1; i < x.size(); ++i) squares += (x[i] - x[i - 1]) * (x[i] - x[i - 1]);
  return squares / (2 * static_cast<double>(x.size() - 1));
}

// Variance of a process's median as an estimate from its samples. Neighbouring samples resemble each other,
// so it comes from the medians of up to 10 batches in a row; 0 where there are too few samples to tell.
double variance_of_median(const std::vector<double>& values) {
  const std::size_t batches = std::min<std::size_t>(10, values.size() / 3);
  if (batches < 3) return 0;
  std::vector<double> medians;
  for (std::size_t b = 0; b < batches; ++b) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(b * values.size() / batches);
    const auto end = values.begin() + static_cast<std::ptrdiff_t>((b + 1) * values.size() / batches);
    medians.push_back(median_of({begin, end}));
  }
  return sample_variance(medians) / static_cast<double>(batches);
}

// How many independent processes `medians`, in order of time, are worth. A correlation from a dozen values is
// itself known to 1 / sqrt(n), and taking it too low makes an interval that does not hold: so its upper end
// (75%) counts.
double effective_count(std::span<const double> medians) {
  constexpr double upper_quartile = 0.67, most_correlated = 0.9, fewest = 3;
  const auto n = static_cast<double>(medians.size());
  const auto ranks = midranks(medians);
  const double variance = sample_variance(ranks);
  if (variance <= 0) return n;
  const double correlation = 1 - variance_of_steps(ranks) / variance + upper_quartile / std::sqrt(n);
  const double r = std::clamp(correlation, 0.0, most_correlated);
  return std::min(n, std::max(fewest, n * (1 - r) / (1 + r)));
}

// The rank r, counted from 1 and not whole, with P(fewer than r of n values lie below the median) = tail.
double rank_of_tail(double n, double tail) {
  double low = 1e-3, high = (n + 1) / 2;
  for (int i = 0; i < 60; ++i) {
    const double r = (low + high) / 2;
    (boost::math::ibeta(n - r + 1, r, 0.5) > tail ? high : low) = r;
  }
  return (low + high) / 2;
}

double at_rank(const std::vector<double>& sorted, double rank) {
  return quantile(sorted, std::clamp((rank - 1) / static_cast<double>(sorted.size() - 1), 0.0, 1.0));
}

struct Ends {
  double low, high;
};

// Variance of one process over a longer time than these: n values that resemble their neighbours spread less.
double variance_over_time(const std::vector<double>& x, double n) {
  const auto all = static_cast<double>(x.size());
  return sample_variance(x) * (1 - 1 / all) / (1 - 1 / n);
}

// Of a mean (next = false) or of one further value, by Student's t with `n` independent values.
Ends student(const std::vector<double>& x, double n, double confidence, bool next) {
  const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.5 + confidence / 2);
  const double half = t * std::sqrt(variance_over_time(x, n) * (next ? 1 + 1 / n : 1 / n));
  const double middle = mean(x);
  return {middle - half, middle + half};
}

// Medians of processes on the scale that intervals are made on, sorted, and how many they are worth.
struct Scaled {
  std::vector<double> sorted;
  double effective;
};

Scaled scaled(std::vector<double> medians, ProcessScale scale) {
  if (scale == ProcessScale::log)
    std::transform(medians.begin(), medians.end(), medians.begin(), [](double v) { return std::log(v); });
  const double n = effective_count(medians);
  std::sort(medians.begin(), medians.end());
  return {std::move(medians), n};
}

// Of the typical process; it holds the median that it is of, which the mean of skewed processes may lie far
// from.
Ends typical_ends(const Scaled& x, double confidence) {
  const double rank = rank_of_tail(x.effective, (1 - confidence) / 2);
  const auto all = static_cast<double>(x.sorted.size());
  Ends ends = student(x.sorted, x.effective, confidence, false);
  if (rank >= 1) {
    const double of_all = rank * (all + 1) / (x.effective + 1);
    ends = {at_rank(x.sorted, of_all), at_rank(x.sorted, all + 1 - of_all)};
  }
  const double middle = quantile(x.sorted, 0.5);
  return {std::min(ends.low, middle), std::max(ends.high, middle)};
}

struct InTime {
  std::vector<double> medians, variances;  // of each process, in order of time
};

InTime in_order_of_time(std::span<const ProcessSamples> samples, ProcessScale scale) {
  std::vector<const ProcessSamples*> order;
  for (const auto& process : samples) {
    if (!process.values.empty()) order.push_back(&process);
  }
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->start_s < b->start_s; });
  InTime result;
  for (const auto* process : order) {
    for (const double v : process->values) {
      if (!std::isfinite(v) || (scale == ProcessScale::log && v <= 0))
        throw std::invalid_argument("a sample of a process is not a number, or not positive");
    }
    result.medians.push_back(median_of(process->values));
    result.variances.push_back(variance_of_median(process->values));
  }
  return result;
}

void set_components(const InTime& processes, ProcessInterval& interval) {
  const double all = sample_variance(processes.medians);
  const double steps = std::min(variance_of_steps(processes.medians), all);
  const double within = mean(processes.variances);
  interval.within = std::sqrt(within);
  interval.over_time = std::sqrt(std::max(0.0, all - std::max(steps, within)));
  interval.between = std::sqrt(std::max(0.0, steps - within));
}

}  // namespace

ProcessInterval process_interval(std::span<const ProcessSamples> samples, ProcessScale scale,
                                 double confidence) {
  if (!(confidence > 0 && confidence < 1)) throw std::invalid_argument("a confidence lies between 0 and 1");
  const InTime processes = in_order_of_time(samples, scale);
  ProcessInterval interval;
  interval.processes = processes.medians.size();
  if (interval.processes == 0) {
    interval.not_available = "no process gave a sample";
    return interval;
  }
  interval.value = median_of(processes.medians);
  if (interval.processes < 2) {
    interval.not_available = "one process shows no spread between processes";
    return interval;
  }
  set_components(processes, interval);
  const Scaled x = scaled(processes.medians, scale);
  const double n = x.effective;
  interval.effective_processes = n;
  interval.se = std::sqrt(variance_over_time(x.sorted, n) / n);
  const auto back = [&](Ends ends) {
    return scale == ProcessScale::log ? Ends{std::exp(ends.low), std::exp(ends.high)} : ends;
  };
  const Ends typical = back(typical_ends(x, confidence)), next = back(student(x.sorted, n, confidence, true));
  interval.low = std::min(typical.low, interval.value);
  interval.high = std::max(typical.high, interval.value);
  interval.next_low = std::min(next.low, interval.low);
  interval.next_high = std::max(next.high, interval.high);
  return interval;
}

double process_p(std::span<const ProcessSamples> samples, double null, ProcessScale scale) {
  const InTime processes = in_order_of_time(samples, scale);
  if (processes.medians.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const Scaled x = scaled(processes.medians, scale);
  const double wanted = scale == ProcessScale::log ? std::log(null) : null;
  const auto holds = [&](double confidence) {
    const Ends ends = typical_ends(x, confidence);
    return ends.low <= wanted && wanted <= ends.high;
  };
  // Order statistics reach so far, Student's t goes on from there: each widens with the confidence.
  constexpr double surest = 1 - 1e-12;
  const double reach = 1 - std::exp2(1 - x.effective) * (1 + 1e-9);
  double low = 0, high = surest;
  (holds(reach) ? high : low) = reach;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return 1 - high;
}

std::string spread_sentence(const ProcessInterval& interval) {
  if (!interval.available() || !(interval.value > 0)) return "";
  const auto percent = [&](double part) { return 100 * part / interval.value; };
  constexpr double kSmall = 1;  // percent: a spread that no sentence is worth
  const bool drifts = interval.over_time > interval.between;
  const double most = std::max(interval.between, interval.over_time);
  if (most <= interval.within || percent(most) < kSmall) return "";
  constexpr double kTold = 10;  // times the typical process: beyond it a range says nothing
  const std::string next =
      interval.next_high / interval.value > kTold
          ? fmt::format(
                "how long the next process takes cannot be foretold (more than {:g} times the typical one "
                "is possible)",
                kTold)
          : fmt::format("the next process lies between {:.2f} and {:.2f} times the typical one",
                        interval.next_low / interval.value, interval.next_high / interval.value);
  return fmt::format(
      "most of the spread is {} ({:.1f}% of the time; {} {:.1f}%, within one process {:.1f}%): {}",
      drifts ? "over time" : "between processes", percent(most), drifts ? "between processes" : "over time",
      percent(drifts ? interval.between : interval.over_time), percent(interval.within), next);
}

}  // namespace dsx::bench
