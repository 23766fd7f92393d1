// Arms timed in several fresh processes: what one process does, what it tells the one that started it, and
// what follows from all of them. In a process all arms of a group are interleaved, between readings of the
// memory system; groups differ in threads, batch or cache state, and their processes take turns in random
// order. bench_ops shows the figures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/machine/memory_course.hpp"
#include "bench/measure/process_interval.hpp"

namespace dsx::bench {

// What an arm is, without its memories.
struct ArmFacts {
  std::string name, label;
  double flop = 0, executed_flop = 0, min_bytes = 0, working_set_bytes = 0;
};

struct ArmInProcess {
  ArmFacts facts;
  std::string error;          // why there is no sample
  bool wrong_result = false;  // the error is that of a result that disagrees with its definition
  std::vector<double> samples_ns;
  std::size_t disturbed = 0, left_out = 0;
};

struct ProcessReport {
  std::int64_t start_ns = 0;  // by the machine's steady clock, which all processes share
  std::vector<ArmInProcess> arms;
  std::vector<MemoryReading> memory;  // at least one before and one after the samples
  std::vector<int> rounds;            // beside each reading: the samples that each arm had by then
};

// Arms that one process runs interleaved: those with the same threads, batch and cache state.
std::vector<std::vector<ArmEntry>> groups_of(const std::vector<ArmEntry>& arms);

// The child's side: builds, checks and times `arms` (one group), `seconds` of timed work for each.
ProcessReport run_arms(const std::vector<ArmEntry>& arms, double seconds, std::uint64_t seed);
std::string report_text(const ProcessReport& report);  // one line of JSON
ProcessReport report_of(const std::string& text);      // DataError when it is none

// One arm over all processes, in order of time.
struct ArmOverProcesses {
  ArmFacts facts;
  std::string error;  // the first process's
  bool wrong_result = false;
  struct Process {
    double start_s = 0, median_ns = 0;
    std::size_t samples = 0, disturbed = 0, left_out = 0;
    MemoryReading memory;     // the median of its readings, figure by figure
    double slowdown = 1;      // of that, against the run's reference
    double unlike_share = 0;  // of its samples: taken while memory was unlike the reference
  };
  std::vector<Process> processes;  // only those with samples
  ProcessInterval interval;        // of ns
  // Spearman's correlation of the processes' medians and their `slowdown`; NaN below 5 processes, or without
  // spread.
  double memory_correlation = 0;
};

struct ProcessesRun {
  std::vector<ArmOverProcesses> arms;  // in the order of their first report
  MemoryCourse memory;                 // of all processes, in order of time
};
// Reports in order of time; `start_ns` is the run's beginning.
ProcessesRun over_processes(const std::vector<ProcessReport>& reports, std::int64_t start_ns);

}  // namespace dsx::bench
