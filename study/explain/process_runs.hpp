// Experiments whose figures are over fresh processes: each such process builds the experiment's arms anew and
// times them once; in the end the experiment is run here with what all of them measured
// (ExplainContext::processes) and says what follows. Processes are spread over the whole run, between the
// other experiments, all experiments once in random order and then again: so that an interval holds what
// memory, addresses and minutes change.
#pragma once

#include <string>
#include <vector>

#include "study/explain/experiment.hpp"

namespace dsx::explain {

class ProcessRuns {
 public:
  static constexpr int kMost = 10;   // fewer give wide intervals
  static constexpr int kFewest = 4;  // below it one process is timed for longer instead

  // Of `experiments`, those that go over processes and have the time for kFewest; `allotments` are theirs, in
  // the same order.
  ProcessRuns(ExplainContext& context, const std::vector<const Experiment*>& experiments,
              const std::vector<Allotment>& allotments, double scale);

  bool has(const Experiment& experiment) const;
  const std::vector<const Experiment*>& experiments() const { return experiments_; }
  // Runs turns until the share `done` (0 to 1) of all are through.
  void advance(double done);
  // What the turns that are left, and the experiments in the end, will take.
  double reserved_s() const;
  // The experiment with what its processes measured.
  ExperimentReport finish(const Experiment& experiment,
                          ExperimentReport (*run)(ExplainContext&, const Experiment&, const std::string&),
                          const std::string& program);

 private:
  struct Turn {
    std::size_t experiment;
    int number;
  };
  struct Told {
    std::vector<Recording> recordings;
    std::string failed;  // why there are no more
    double took_s = 0, allotted_s = 0;
  };
  void run(const Turn& turn);

  ExplainContext& context_;
  double scale_, stretch_ = 1;
  int each_ = 0;
  std::vector<const Experiment*> experiments_;
  std::vector<Told> told_;  // by experiment
  std::vector<Turn> turns_;
  std::size_t next_ = 0;
};

// In such a process: times the experiment's sets once, for `seconds` each and within `budget_s`.
Recording record_experiment(ExplainContext& context, const Experiment& experiment, double seconds,
                            double budget_s);

}  // namespace dsx::explain
