// What one process measured of an experiment, as it tells it to the one that started it: sets of interleaved
// arms in their order, and the memory system meanwhile. Who runs such processes: process_runs.hpp.
#pragma once

#include <string>
#include <vector>

#include "bench/machine/memory_probe.hpp"
#include "bench/measure/counters.hpp"

namespace dsx::explain {

struct RecordedArm {
  std::string name;
  std::vector<double> samples_ns;  // in order of time; sample i of all arms of a set is of round i
  std::size_t left_out = 0, disturbed = 0;
  bench::CounterReading counters;  // rows alone, summed over samples_ns
};
using RecordedSet = std::vector<RecordedArm>;

struct Recording {
  double start_s = 0;  // by the steady clock that all processes share
  std::vector<RecordedSet> sets;
  std::vector<bench::MemoryReading> memory;  // before the first set and behind the last
  double neighbours_share = 0;               // of all CPU time, used by others meanwhile
};

std::string recording_text(const Recording& recording);
Recording recording_of(const std::string& text);  // DataError when it is none

}  // namespace dsx::explain
