// Experiments whose figures are over fresh processes: each such process builds the experiment's arms anew and
// times them once; in the end the experiment is run here with what all of them measured
// (ExplainContext::processes) and says what follows. Processes are spread over the whole run, between the
// other experiments, all experiments once in random order and then again: so that an interval holds what
// memory, addresses and minutes change. How many each has is planned anew before every process, from what
// those before it took: on a slow machine there are fewer, and the run ends in time.
#pragma once

#include <string>
#include <vector>

#include "study/explain/experiment.hpp"

namespace dsx::explain {

class ProcessRuns {
 public:
  static constexpr int kMost = 10;
  static constexpr int kEnough = 6;  // below it no order statistics reach 95%: process_interval.hpp
  static constexpr int kFewest = 4;  // below it one process is timed here, for longer, instead

  // Of `experiments`, whose `needs` are in the same order, those that go over processes and have the time for
  // kFewest: the lower their rank, the sooner.
  ProcessRuns(ExplainContext& context, const std::vector<const Experiment*>& experiments,
              const std::vector<TimeNeed>& needs, double scale);

  bool has(const Experiment& experiment) const;
  std::vector<const Experiment*> experiments() const;
  // Runs processes until the share `done` (0 to 1) of all is through, in the time that `others`, which are
  // run here, leave.
  void advance(double done, const std::vector<TimeNeed>& others);
  // What the processes that are left, and the experiments in the end, will take.
  double reserved_s() const;
  // The experiment with what its processes measured.
  ExperimentReport finish(const Experiment& experiment,
                          ExperimentReport (*run)(ExplainContext&, const Experiment&, const std::string&),
                          const std::string& program);

 private:
  struct Spread {
    const Experiment* experiment;
    int rank;
    double fixed_s, timed_s;  // of a process: building and the fewest rounds; samples at the usual seconds
    double here_s,
        here_most_s;  // of what this process alone times in the end: planned, and at the usual seconds
    std::vector<Recording> recordings{};
    int planned = kMost;   // as many processes in all
    std::string failed{};  // why there are no more
    double took_s = 0;
    int have() const { return static_cast<int>(recordings.size()); }
  };
  void plan(double usable_s);
  void choose_stretch(double usable_s, const std::vector<TimeNeed>& others);
  void run_one(Spread& spread);
  double process_s(const Spread& spread) const;
  double end_s(const Spread& spread) const;
  double others_s(const std::vector<TimeNeed>& others) const;
  void say_processes(const Spread& spread, ExperimentReport& report) const;

  ExplainContext& context_;
  double scale_, stretch_;
  std::vector<Spread> spread_;
  std::vector<std::size_t> turns_;  // indices of spread_
  std::size_t next_ = 0;
};

// Into the report of an experiment that was timed in this process alone, though it goes over processes or
// because it cannot: why.
void say_one_process(const Experiment& experiment, ExperimentReport& report);

// In such a process: times the experiment's sets once, for `seconds` each and within `budget_s`.
Recording record_experiment(ExplainContext& context, const Experiment& experiment, double seconds,
                            double budget_s);

}  // namespace dsx::explain
