// What the processor and the operating system counted while something ran, summed over all threads of this
// process: OpenMP's workers exist before a measurement begins, so that counting "from here on, and in what I
// start" would see the calling thread alone. A counter that this machine does not give is a row with its
// reason. The system call behind hardware counters is perf_events.hpp's; timing is measure.hpp's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dsx::bench {

// One counter. Hardware counters count in user mode only (what perf calls :u): permitted on more machines,
// and the same everywhere.
struct CounterRow {
  std::string name;           // one of counter_names()
  double value = 0;           // events; task_clock: ns
  std::string source;         // "perf_event_open", "getrusage", ...
  std::string not_available;  // the reason in words; then there is no value
  // Share of the time in which the counter really counted; below 1 the processor has fewer registers than
  // were asked for, and `value` is an extrapolation.
  double counted_share = 1;
};

// Every counter over an interval, or over the sum of several.
struct CounterReading {
  std::vector<CounterRow> rows;  // in the order of counter_names(); empty: nothing was counted
  int threads = 0;               // counted by perf_event_open (the largest number, in a sum)
  int intervals = 0;             // 1 for one start() and stop()
  double wall_ns = 0;

  const CounterRow* find(const std::string& name) const;  // null: no such row
  // Empty where the counter is not available.
  std::optional<double> value(const std::string& name) const;
  // Rows of both must be those of one Counters. Adds raw counts and times, so that extrapolation gets better.
  CounterReading& operator+=(const CounterReading& other);

  // Behind the rows, for +=: what was counted, and for how long the counter was wanted and was running.
  struct Raw {
    double count = 0, wanted_ns = 0, running_ns = 0;
  };
  std::vector<Raw> raw;
};

// cycles, instructions, l1d_read_misses, l2_misses, llc_read_misses, dtlb_read_misses; task_clock,
// minor_faults, major_faults, voluntary_switches, involuntary_switches, cpu_migrations. The latter six, kept
// by the operating system, are available wherever Linux is.
const std::vector<std::string>& counter_names();

// Opens the counters of every thread that this process has at start(); a thread that begins later is counted
// from the next start() on (the operating system's own counters have it at once). Not for two threads at
// once. start() and stop() cost some microseconds per thread.
class Counters {
 public:
  Counters();
  ~Counters();
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  void start();
  CounterReading stop();  // throws std::logic_error without a start()

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dsx::bench
