#include "bench/rows/process_rows.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <regex>

#include "bench/measure/process_interval.hpp"
#include "bench/measure/processes.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"

namespace dsx::bench {

namespace {

ProcessInterval interval_of_values(const std::vector<double>& values) {
  std::vector<ProcessSamples> samples;
  bool positive = true;  // Google Benchmark asks for its counters too
  for (const double value : values) {
    if (!std::isfinite(value)) return {};
    samples.push_back({static_cast<double>(samples.size()), {value}});
    positive = positive && value > 0;
  }
  return process_interval(samples, positive ? ProcessScale::log : ProcessScale::plain);
}

// Row k of an arm is its k-th process: its median, and what memory was like meanwhile.
void show_process(benchmark::State& state, const ArmOverProcesses& arm, std::size_t row) {
  if (row >= arm.processes.size())
    return state.SkipWithError(arm.error.empty() ? "this process gave no sample" : arm.error.c_str());
  const auto& process = arm.processes[row];
  while (state.KeepRunning()) state.SetIterationTime(process.median_ns * 1e-9);
  const auto percent = [&](double part) { return 100 * part / arm.interval.value; };
  state.counters["start_s"] = process.start_s;
  state.counters["samples"] = static_cast<double>(process.samples);
  state.counters["disturbed"] = static_cast<double>(process.disturbed);
  state.counters["left_out"] = static_cast<double>(process.left_out);
  state.counters["memory_ns"] = process.memory.memory_ns;
  state.counters["l3_ns"] = process.memory.l3_ns;
  state.counters["l3_ours_MB"] = process.memory.l3_ours_bytes / 1e6;
  state.counters["read_GB/s"] = process.memory.read_gbps;
  state.counters["memory_slowdown"] = process.slowdown;
  state.counters["unlike_memory_share"] = process.unlike_share;
  state.counters["within_percent"] = percent(arm.interval.within);
  state.counters["between_percent"] = percent(arm.interval.between);
  state.counters["over_time_percent"] = percent(arm.interval.over_time);
  if (std::isfinite(arm.memory_correlation)) state.counters["memory_correlation"] = arm.memory_correlation;
  state.counters["MFLOP"] = arm.facts.flop / 1e6;
  state.counters["executed_MFLOP"] = arm.facts.executed_flop / 1e6;
  state.counters["min_MB"] = arm.facts.min_bytes / 1e6;
  state.counters["GFLOP/s"] = arm.facts.executed_flop / process.median_ns;
  state.counters["min_GB/s"] = arm.facts.min_bytes / process.median_ns;
  state.counters["working_set_MB"] = arm.facts.working_set_bytes / 1e6;
  state.SetLabel(arm.facts.label);
}

}  // namespace

std::vector<ArmEntry> filtered(const std::vector<ArmEntry>& arms, std::string filter) {
  const bool exclude = !filter.empty() && filter[0] == '-';
  if (exclude) filter.erase(0, 1);
  if (filter.empty() || filter == "all") return arms;
  std::vector<ArmEntry> chosen;
  try {
    const std::regex wanted(filter, std::regex::extended);
    for (const auto& arm : arms)
      if (std::regex_search(arm.name + "/manual_time", wanted) != exclude) chosen.push_back(arm);
  } catch (const std::regex_error& error) {
    throw ConfigError(fmt::format("--benchmark_filter: '{}': {}", filter, error.what()));
  }
  return chosen;
}

ProcessesRun run_in_processes(const std::vector<std::string>& all_arguments, int processes,
                              std::size_t groups) {
  std::vector<ProcessReport> reports;
  const auto start_ns = now_ns();
  const auto turns = process_order(groups, processes, 1);
  for (const auto& turn : turns) {
    auto words = all_arguments;
    words.push_back(fmt::format("--process-of-group={}.{}", turn.kind, turn.number));
    fmt::print(stderr, "bench_ops: process {} of {}\n", reports.size() + 1, turns.size());
    const auto [end, output] = run_process("bench_ops", words);
    if (!end.ok()) {
      throw UnsupportedError(fmt::format("process {} of {} ended with {} {}", reports.size() + 1,
                                         turns.size(), end.signal != 0 ? "signal" : "code",
                                         end.signal != 0 ? end.signal : end.code));
    }
    reports.push_back(report_of(output));
  }
  return over_processes(reports, start_ns);
}

void add_findings(const ProcessesRun& run, int processes, const Topology& topology) {
  benchmark::AddCustomContext("processes", std::to_string(processes));
  for (const auto& arm : run.arms) {
    if (const auto sentence = spread_sentence(arm.interval); !sentence.empty())
      benchmark::AddCustomContext("spread of " + arm.facts.name, sentence);
  }
  const auto course = run.memory.sentence();
  benchmark::AddCustomContext("memory_course", course.empty() ? "the memory system stayed the same" : course);
  if (const auto share = run.memory.share_sentence(nominal_l3_bytes(topology)); !share.empty())
    benchmark::AddCustomContext("l3_ours", share);
}

void register_processes(const ProcessesRun& run, int processes) {
  using Values = std::vector<double>;
  for (const auto& arm : run.arms) {
    const auto row = std::make_shared<std::size_t>(0);
    benchmark::RegisterBenchmark(arm.facts.name.c_str(),
                                 [&arm, row](benchmark::State& state) { show_process(state, arm, (*row)++); })
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(processes)
        ->Unit(benchmark::kMicrosecond)
        ->ComputeStatistics("interval_low", [](const Values& v) { return interval_of_values(v).low; })
        ->ComputeStatistics("interval_high", [](const Values& v) { return interval_of_values(v).high; })
        ->ComputeStatistics("next_low", [](const Values& v) { return interval_of_values(v).next_low; })
        ->ComputeStatistics("next_high", [](const Values& v) { return interval_of_values(v).next_high; });
  }
}

}  // namespace dsx::bench
