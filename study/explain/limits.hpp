// The machine's limits as predictions need them: measured in the same processes as the steps that they
// predict, before and behind them, as sets of arms whose samples are the time of 1e9 operations or bytes. A
// process's limit is the best of its samples (bench/machine/rate.hpp says why). Over processes the arithmetic
// is that of the best one, since no other process has part in it but by disturbing it; the memory system is
// shared with others on the host and changes by the minute, so there each process has its own.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/machine/machine.hpp"
#include "study/explain/experiment.hpp"
#include "study/explain/process_times.hpp"

namespace dsx::explain {

// Of the highest: from here on it is said that the limits of processes differ.
constexpr double kLimitsApart = 0.15;

class Limits {
 public:
  using Narrow = std::pair<int, double>;  // channels and bytes of narrow_read.hpp

  // Measures (or takes from the processes that did) what is known before the steps are: all but narrow reads.
  Limits(ExplainContext& context, ExperimentReport& report);
  // Once more behind the steps, with the narrow reads that they need.
  void measure_behind(const std::set<Narrow>& narrow);

  // By process and limit; what the functions below take as `process`.
  const ProcessTimes& times() const { return times_; }
  // The arithmetic of the best process, the bandwidths of this one.
  bench::Machine machine(const RecordedSet& process) const;
  double narrow_gbps(const RecordedSet& process, const Narrow& narrow) const;  // 0: not measured
  // Of each limit the median over processes, but the best arithmetic.
  RecordedSet typical() const;

  // The table "limits", a finding each for arithmetic and memory, and a note when processes disagree.
  void add_to_report() const;

 private:
  ProcessTimes measure(const std::string& when, const std::set<Narrow>& narrow);
  std::vector<double> rates_by_process(const std::string& limit) const;
  Interval typical_rate(const std::string& limit) const;
  double best_arithmetic(const std::string& limit) const;
  std::vector<std::string> names() const;

  ExplainContext& context_;
  ExperimentReport& report_;
  std::set<Narrow> narrow_;
  ProcessTimes times_;
};

}  // namespace dsx::explain
