// Samples of interleaved arms, from one process or from several, and the intervals that follow. With several,
// a process is the unit of repetition (bench/measure/process_interval.hpp); with one, the intervals are of
// its samples and say how well those agree. Differences are taken round by round, within a process.
#pragma once

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

  RecordedArm together(std::size_t arm) const;  // all processes' samples, in order of time
  // What must be said first when processes differ by more than their samples show, of the arm where that is
  // most; "" otherwise.
  std::string spread_sentence() const;

 private:
  struct Process {
    double start_s;
    RecordedSet arms;
  };
  std::vector<bench::ProcessSamples> samples_of(std::size_t arm) const;
  static Interval interval_of_processes(const std::vector<bench::ProcessSamples>& samples,
                                        bench::ProcessScale scale);
  std::vector<Process> processes_;
};

}  // namespace dsx::explain
