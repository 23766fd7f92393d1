// Intervals that hold in the next process. Samples of one process share its memory pages, its addresses and
// its minutes, so thousands of them agree far better than two processes do: the unit of repetition is the
// fresh process (Kalibera & Jones 2013, "Rigorous benchmarking in reasonable time"; Mytkowicz et al. 2009).
// This takes the samples of several processes, spread over time, and gives the interval of the typical
// process, that of the next one, and how much of their spread is within a process, between processes and over
// time. Who starts the processes: processes.hpp.
//
// How (checked by simulation in tests/bench/process_interval_test.cpp, with drift, processes of two kinds and
// spikes):
// - A process counts once, by the median of its samples: spikes within it do not move that.
// - low..high is the order-statistic interval of the median over processes: right for any distribution, two
//   modes and single slow processes included, where Student's t (of means) fails. Ranks are interpolated by
//   the incomplete beta function (Nyblom 1992, Statistics & Probability Letters 14:129).
// - Neighbours in time resemble each other when the machine drifts. Their lag-1 correlation, from the ranks'
//   von Neumann ratio (Bartels 1982, JASA 77:40), and by its upper end, makes n processes count as
//   n (1 - r) / (1 + r), at least 3.
// - next_low..next_high is a prediction interval: Student's t with that many processes, on logarithms for
//   times.
// - With fewer than 6 such processes no order statistics reach 95%; then low..high is Student's t too, and
//   wide.
// Simulated coverage of "95%" with 10 processes: 96 to 98.3%; with a drift that outlasts three
// processes 91%: no run knows what changes more slowly than it lasts. A slow kind of process that comes once
// in ten times is outside next_* in one of eleven. Below 6 processes of two kinds low..high covers 88%.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace dsx::bench {

// What one process gave for one arm, or for a difference or ratio of arms that it ran interleaved.
struct ProcessSamples {
  double start_s = 0;  // when, since the run began
  std::vector<double>
      values;  // in order of time: one per sample, or one in all; empty: the process is left out
};

enum class ProcessScale {
  log,    // times and ratios: all values positive, spread in percent
  plain,  // differences, which may be negative
};

struct ProcessInterval {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::size_t processes = 0;
  double value = kNone;                        // median over processes of their medians
  double low = kNone, high = kNone;            // of the typical process: the median over all such processes
  double next_low = kNone, next_high = kNone;  // where the median of one further process will lie
  // Standard deviations of a process's median, in the unit of the values: what its limited samples make of
  // it, what differs from process to process at one time, and what changes slowly over the run. Never
  // negative; their squares add up to the variance over processes, or, where that is smaller, `within` alone
  // exceeds it.
  double within = kNone, between = kNone, over_time = kNone;
  double se = kNone;  // standard error of the mean process, on the logarithm's scale with ProcessScale::log
  double effective_processes = 0;  // fewer than `processes` when neighbours in time resemble each other
  std::string not_available;       // why there are no intervals; `value` is given from one process on
  bool available() const { return not_available.empty(); }
};

// `confidence` in (0, 1). Values that are not finite, or not positive with ProcessScale::log, are a logic
// error (std::invalid_argument). Fewer than 2 processes: not available, since one shows no spread.
ProcessInterval process_interval(std::span<const ProcessSamples> samples,
                                 ProcessScale scale = ProcessScale::log, double confidence = 0.95);

// Two-sided p of `null` being the typical process: 1 minus the least confidence at which low..high holds it,
// so that interval and p always agree. NaN where there is no interval.
double process_p(std::span<const ProcessSamples> samples, double null,
                 ProcessScale scale = ProcessScale::log);

// "" while samples within a process explain most of the spread over processes; otherwise what a report must
// say first: "most of the spread is between processes (12% of the time, against 1.3% within one): ...".
// `value` must be positive.
std::string spread_sentence(const ProcessInterval& interval);

}  // namespace dsx::bench
