// bench_ops: Google Benchmark's command line, repetitions and reports over the arms of bench/. One function
// times every arm: same clock, same warm-up, same treatment of caches.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "bench/arms/arms.hpp"
#include "bench/arms/options.hpp"
#include "bench/machine/machine.hpp"
#include "bench/machine/machine_report.hpp"
#include "bench/machine/process_arms.hpp"
#include "bench/machine/roofline.hpp"
#include "bench/measure/environment.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/topology.hpp"
#include "bench/rows/process_rows.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/base/workers.hpp"
#include "kernels/onednn/modes.hpp"

namespace {

// As study/cli/exit_code.hpp has them.
constexpr int kInternal = 1, kConfig = 2, kUnsupported = 5;

constexpr double kMostCachedBytes = 1e9;
constexpr double kUsualMinTimeS = 0.5;  // Google Benchmark's --benchmark_min_time

// The works that were built last. Google Benchmark calls an arm's function several times while it looks for a
// number of iterations, and between others when it interleaves them; building and checking take longer than
// timing.
class WorkCache {
 public:
  dsx::bench::Work& get(const dsx::bench::ArmEntry& arm) {
    for (auto it = works_.begin(); it != works_.end(); ++it) {
      if (it->first != arm.name) continue;
      works_.splice(works_.begin(), works_, it);
      return works_.front().second;
    }
    make_room();
    works_.emplace_front(arm.name, arm.build());
    return works_.front().second;
  }

 private:
  void make_room() {
    double bytes = 0;
    for (auto it = works_.begin(); it != works_.end();) {
      bytes += it->second.working_set_bytes();
      it = bytes > kMostCachedBytes ? works_.erase(it) : std::next(it);
    }
  }
  std::list<std::pair<std::string, dsx::bench::Work>> works_;
};

WorkCache& cache() {
  static WorkCache works;
  return works;
}

bool any_wrong_result = false;

struct Limits {
  dsx::bench::Machine machine;  // empty with --no-roofline
  dsx::bench::Topology topology = dsx::bench::read_topology();
};
Limits& limits() {
  static Limits all;
  return all;
}

// Empty without --counters.
std::unique_ptr<dsx::bench::Counters>& counters() {
  static std::unique_ptr<dsx::bench::Counters> all;
  return all;
}

// Columns of what was counted, per iteration. Reasons for missing ones stand in the report's head.
void set_counted(benchmark::State& state, const dsx::bench::CounterReading& counted) {
  for (const auto& row : counted.rows) {
    if (!row.not_available.empty()) continue;
    const bool is_time = row.name == "task_clock";
    state.counters[is_time ? "task_clock_us" : row.name] =
        row.value / counted.intervals / (is_time ? 1e3 : 1);
  }
  const auto instructions = counted.value("instructions"), cycles = counted.value("cycles");
  if (instructions && cycles && *cycles > 0)
    state.counters["instructions_per_cycle"] = *instructions / *cycles;
}

void set_counters(benchmark::State& state, const dsx::bench::ArmEntry& arm, const dsx::bench::Work& work,
                  const dsx::bench::Result& result) {
  const auto& time = result.summary;
  const auto bound =
      dsx::bench::roofline(limits().machine, limits().topology, arm.threads,
                           dsx::kernels::to_string(arm.dtype), work.cost.executed_flop(), work.cost.min_bytes,
                           work.working_set_bytes(), arm.cache != dsx::bench::CacheState::hot);
  if (bound.ns > 0) state.counters["roofline_share"] = bound.ns / time.median_ns;
  state.counters["MFLOP"] = work.cost.flop / 1e6;
  state.counters["executed_MFLOP"] = work.cost.executed_flop() / 1e6;
  state.counters["min_MB"] = work.cost.min_bytes / 1e6;
  state.counters["GFLOP/s"] = work.cost.executed_flop() / time.median_ns;
  state.counters["min_GB/s"] = work.cost.min_bytes / time.median_ns;
  state.counters["median_us"] = time.median_ns / 1e3;
  state.counters["working_set_MB"] = work.working_set_bytes() / 1e6;
  state.counters["disturbed"] = static_cast<double>(result.disturbed_samples);
  state.counters["left_out"] = static_cast<double>(time.left_out);
  state.counters["involuntary_switches"] = static_cast<double>(result.disturbance.involuntary_switches);
  set_counted(state, result.counters);
  state.SetLabel(result.busy ? work.label + "; DISTURBED by other processes: do not compare" : work.label);
}

// The one measuring function. Iterations are timed one by one (manual time), since flushing must stay
// outside. A disturbed iteration is repeated, unless half of them are.
void run_arm(benchmark::State& state, const dsx::bench::ArmEntry& arm) {
  dsx::kernels::set_threads(arm.threads);
  try {
    auto& work = cache().get(arm);
    const auto flushed = dsx::bench::flushed_by(arm.cache, work.buffers);
    const auto prepare = [&] {
      if (work.prepare) work.prepare();
      dsx::bench::flush_from_caches(flushed);
    };
    // Untimed: a team of another size may have run before, and its buffers lie in the caches.
    prepare();
    work.run();
    dsx::bench::MeasureOptions measuring;
    measuring.repeat_disturbed = true;
    measuring.counters = counters().get();
    const dsx::bench::Arm timed{arm.name, work.run, prepare};
    dsx::bench::Sampler sampler(timed, measuring);
    while (state.KeepRunning()) state.SetIterationTime(sampler.take() * 1e-9);
    set_counters(state, arm, work, sampler.finish());
  } catch (const dsx::bench::WrongResult& error) {
    any_wrong_result = true;
    state.SkipWithError(error.what());
  } catch (const dsx::UnsupportedError& error) {
    state.SkipWithError(error.what());
  } catch (const dsx::ConfigError& error) {
    state.SkipWithError(error.what());
  } catch (const dnnl::error& error) {
    state.SkipWithError(fmt::format("oneDNN {} offers nothing for this on this CPU ({}): {}",
                                    dsx::kernels::onednn_info().version,
                                    dsx::kernels::onednn_info().effective_isa, error.what())
                            .c_str());
  }
}

// Google Benchmark gives a counter that is 0 in all repetitions the coefficient of variation 0/0 and writes
// NaN, which is no JSON: strict readers refuse the whole file.
class FiniteJsonReporter : public benchmark::JSONReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    auto finite = runs;
    for (auto& run : finite) {
      for (auto it = run.counters.begin(); it != run.counters.end();) {
        it = std::isfinite(it->second.value) ? std::next(it) : run.counters.erase(it);
      }
    }
    benchmark::JSONReporter::ReportRuns(finite);
  }
};

bool has_argument(const std::vector<std::string>& arguments, const std::string& start) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const std::string& argument) { return argument.rfind(start, 0) == 0; });
}

// The value of Google Benchmark's flag, or "".
std::string value_of_flag(const std::vector<std::string>& arguments, const std::string& flag) {
  std::string value;
  for (const auto& argument : arguments)
    if (argument.rfind(flag + "=", 0) == 0) value = argument.substr(flag.size() + 1);
  return value;
}

void run_benchmarks(const std::vector<std::string>& arguments, const std::string& filter) {
  FiniteJsonReporter shown, file;
  const bool json_shown = has_argument(arguments, "--benchmark_format=json");
  const bool json_file =
      has_argument(arguments, "--benchmark_out=") && (!has_argument(arguments, "--benchmark_out_format=") ||
                                                      has_argument(arguments, "--benchmark_out_format=json"));
  benchmark::RunSpecifiedBenchmarks(json_shown ? &shown : nullptr, json_file ? &file : nullptr, filter);
}

// Environment and measured limits into the head of every report.
void add_context(const dsx::bench::BenchOptions& options, const dsx::bench::Environment& environment,
                 bool listing) {
  for (const auto& [name, value] : dsx::bench::environment_fields(environment))
    benchmark::AddCustomContext(name, dsx::as_utf8(value));
  benchmark::AddCustomContext("cache_flush", dsx::bench::flush_method());
  if (counters() != nullptr) {
    counters()->start();
    for (const auto& row : counters()->stop().rows) {
      benchmark::AddCustomContext("counter_" + row.name, row.not_available.empty()
                                                             ? row.source
                                                             : "not available: " + row.not_available);
    }
  }
  if (!options.roofline || listing) return;
  dsx::bench::MachineOptions quick;
  quick.thread_counts = options.axes.threads;
  quick.repeats = 5;
  quick.scope = dsx::bench::MachineScope::roofline;
  limits().machine = dsx::bench::measure_machine(quick);
  const auto& machine = limits().machine;
  for (const auto& row : machine.peaks) {
    benchmark::AddCustomContext(
        fmt::format("peak_gflops_{}_{}_threads", row.dtype, row.threads),
        row.not_available.empty() ? fmt::format("{:.1f}", row.gflops.best) : row.not_available);
  }
  for (const auto& row : machine.bandwidths) {
    benchmark::AddCustomContext(
        fmt::format("gb_per_s_{}_{}_threads", row.level, row.threads),
        fmt::format("read {:.1f}, copy {:.1f}", row.read_gbps.best, row.copy_gbps.best));
  }
  benchmark::AddCustomContext("clock_drift", fmt::format("{:.3f}", machine.clock_drift));
  benchmark::AddCustomContext("machine_too_noisy", machine.too_noisy ? "yes" : "no");
}

int finish() {
  benchmark::Shutdown();
  if (any_wrong_result) {
    fmt::print(stderr,
               "bench_ops: a result did not agree with its definition: see the skipped benchmarks above\n");
    return kInternal;
  }
  return 0;
}

// One of --processes: times its group and tells the samples on standard output.
int be_process(const dsx::bench::BenchOptions& options, const std::vector<std::string>& given,
               const std::vector<dsx::bench::ArmEntry>& arms) {
  const auto groups = dsx::bench::groups_of(dsx::bench::filtered(arms, benchmark::GetBenchmarkFilter()));
  const auto& group = groups.at(static_cast<std::size_t>(options.process_group));
  const auto text = value_of_flag(given, "--benchmark_min_time");
  const double seconds = text.empty() ? kUsualMinTimeS : std::strtod(text.c_str(), nullptr);
  fmt::print("{}\n",
             dsx::bench::report_text(dsx::bench::run_arms(group, seconds, options.process_number + 1)));
  return 0;
}

int run_over_processes(const dsx::bench::BenchOptions& options, const dsx::bench::Environment& environment,
                       const std::vector<std::string>& words, const std::vector<std::string>& given,
                       const std::vector<dsx::bench::ArmEntry>& arms) {
  const auto groups = dsx::bench::groups_of(dsx::bench::filtered(arms, benchmark::GetBenchmarkFilter()));
  add_context(options, environment, true);  // processes of their own measure no roofline
  const auto run = dsx::bench::run_in_processes(words, options.processes, groups.size());
  dsx::bench::add_findings(run, options.processes, limits().topology);
  dsx::bench::register_processes(run, options.processes);
  for (const auto& arm : run.arms) any_wrong_result = any_wrong_result || arm.wrong_result;
  run_benchmarks(given, "all");
  return finish();
}

int run(std::vector<std::string> arguments, char* program) {
  const auto words = arguments;
  const auto options = dsx::bench::take_options(arguments);
  if (options.help) {
    fmt::print("{}", dsx::bench::options_help());
    benchmark::PrintDefaultHelp();
    return 0;
  }
  std::vector<char*> argv{program};
  for (auto& argument : arguments) argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  const auto given = arguments;  // Initialize takes out what it knows
  const bool listing =
      has_argument(given, "--benchmark_list_tests") && !has_argument(given, "--benchmark_list_tests=false");
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return kConfig;

  for (const int threads : options.axes.threads) {
    if (threads > dsx::usable_cpus()) {
      fmt::print(stderr, "bench_ops: {} on {}: these arms wait for each other's turns\n",
                 dsx::counted(threads, "thread"), dsx::counted(dsx::usable_cpus(), "CPU"));
    }
  }
  if (!options.threads_note.empty()) fmt::print(stderr, "bench_ops: {}\n", options.threads_note);
  if (!listing)  // refuses a team that OpenMP or the system would make smaller
    dsx::kernels::set_threads(*std::max_element(options.axes.threads.begin(), options.axes.threads.end()));
  const auto environment = dsx::bench::read_environment();
  if (options.machine != dsx::bench::BenchOptions::Machine::none) {
    const auto machine = dsx::bench::measure_machine({});
    if (options.machine == dsx::bench::BenchOptions::Machine::json) {
      fmt::print("{}\n", dsx::json_text(dsx::bench::to_json(machine, environment), 2));
    } else {
      fmt::print("{}", dsx::bench::to_text(machine, environment));
    }
    return 0;
  }
  const auto arms = dsx::bench::all_arms(dsx::bench::load_geometries(options.shapes), options.axes);
  if (options.process_group >= 0) return be_process(options, given, arms);
  if (options.processes > 1 && !listing) return run_over_processes(options, environment, words, given, arms);
  if (options.counters) counters() = std::make_unique<dsx::bench::Counters>();
  add_context(options, environment, listing);
  for (const auto& arm : arms) {
    benchmark::RegisterBenchmark(arm.name.c_str(), [arm](benchmark::State& state) { run_arm(state, arm); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
  run_benchmarks(given, benchmark::GetBenchmarkFilter());
  return finish();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    for (const auto& line : dsx::kernels::pin_onednn_modes()) fmt::print(stderr, "bench_ops: {}\n", line);
    return run({argv + 1, argv + argc}, argv[0]);
  } catch (const dsx::ConfigError& error) {
    fmt::print(stderr, "bench_ops: {}\n", error.what());
    return kConfig;
  } catch (const dsx::UnsupportedError& error) {
    fmt::print(stderr, "bench_ops: {}\n", error.what());
    return kUnsupported;
  } catch (const dnnl::error& error) {
    fmt::print(stderr, "bench_ops: oneDNN: {}\n", error.what());
    return kUnsupported;
  } catch (const std::system_error& error) {
    const bool refused = error.code() == std::errc::resource_unavailable_try_again;
    fmt::print(stderr, "bench_ops: {}\n", refused ? dsx::refusal_text(error) : error.what());
    return refused ? kUnsupported : kInternal;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_ops: {}\n", error.what());
    return kInternal;
  }
}
