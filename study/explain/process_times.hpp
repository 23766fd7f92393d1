// Samples of interleaved arms, from one process or from several, and the intervals that follow. With several,
// a process is the unit of repetition (bench/measure/process_interval.hpp); with one, the intervals are of
// its samples and say how well those agree. Differences are taken round by round, within a process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/measure/measure.hpp"
#include "bench/measure/process_interval.hpp"
#include "study/explain/recording.hpp"
#include "study/explain/report.hpp"

namespace dsx::explain {

Interval interval_of(const bench::Summary& summary);

class ProcessTimes {
 public:
  void add_process(double start_s, RecordedSet arms) { processes_.push_back({start_s, std::move(arms)}); }
  std::size_t processes() const { return processes_.size(); }

  Interval time_ns(std::size_t arm) const;
  // Of sum(weight * time of arm): {{a, 1}, {b, -1}} is a difference.
  struct Term {
    std::size_t arm;
    double weight;
  };
  Interval combination_ns(const std::vector<Term>& terms) const;
  Interval ratio(std::size_t a, std::size_t b) const;  // time(a) / time(b)
  // Of two sets that the same processes timed one after the other: what `values` makes of each process's two.
  // Processes that have both alone count; NaN without any.
  using Values = std::function<std::vector<double>(const RecordedSet& mine, const RecordedSet& theirs)>;
  Interval beside(const ProcessTimes& other, bench::ProcessScale scale, const Values& values) const;
  // The arms of both, of the processes that have both.
  ProcessTimes joined(const ProcessTimes& other) const;

  const RecordedSet& of_process(std::size_t process) const { return processes_.at(process).arms; }
  RecordedArm together(std::size_t arm) const;  // all processes' samples, in order of time
  // What must be said first when processes differ by more than their samples show, of the arm where that is
  // most; "" otherwise.
  std::string spread_sentence() const;

 private:
  struct Process {
    double start_s;
    RecordedSet arms;
  };
  const Process* at(double start_s) const;
  std::vector<bench::ProcessSamples> samples_of(std::size_t arm) const;
  static Interval interval_of_processes(const std::vector<bench::ProcessSamples>& samples,
                                        bench::ProcessScale scale);
  std::vector<Process> processes_;
};

}  // namespace dsx::explain
