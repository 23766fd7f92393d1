// What bench_ops --processes shows: Google Benchmark's rows made of fresh processes, one repetition per
// process in order of time, with the interval over them as aggregates and what memory was like beside each.
// Timing is bench/machine/process_arms.hpp's.
#pragma once

#include <string>
#include <vector>

#include "bench/arms/arm_entry.hpp"
#include "bench/machine/process_arms.hpp"
#include "bench/measure/environment.hpp"

namespace dsx::bench {

// Google Benchmark's rule for --benchmark_filter (a leading '-' excludes), before it knows any name.
// ConfigError for no regular expression.
std::vector<ArmEntry> filtered(const std::vector<ArmEntry>& arms, std::string filter);

// This program again, with `words` and its group, `processes` times for each group of arms. UnsupportedError
// when one does not end well.
ProcessesRun run_in_processes(const std::vector<std::string>& words, int processes, std::size_t groups);

// Into the report's head, since it must be read before any row: which spreads are not those of the samples,
// what the memory system did meanwhile, and how much of the L3 is ours.
void add_findings(const ProcessesRun& run, int processes, const Topology& topology);

// `run` must outlive the benchmarks.
void register_processes(const ProcessesRun& run, int processes);

}  // namespace dsx::bench
