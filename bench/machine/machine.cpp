// Runs the loops of machine_kernels.cpp on OpenMP's team: on oneDNN's threads, as the networks run.
#include "bench/machine/machine.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dnnl.hpp>
#include <limits>
#include <memory>

#include "bench/arms/chain.hpp"
#include "bench/machine/machine_kernels.hpp"
#include "bench/machine/machine_pairs.hpp"
#include "bench/machine/rate.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/team.hpp"

namespace dsx::bench {

namespace {

// Runs work(thread) on `threads` threads, all starting at once; ns until the last has finished. Every rate of
// this file is of that many threads, so a team that is smaller is an error.
struct TeamRun {
  double ns = 0;
  bool on_own_cpus = true;
};
template <typename Work>
TeamRun run_together(int threads, const Work& work) {
  std::int64_t start_ns = 0, end_ns = 0;
  int team = 0;
  std::vector<int> cpus(static_cast<std::size_t>(threads), -1);
#pragma omp parallel num_threads(threads)
  {
#pragma omp barrier
#pragma omp master
    {
      team = omp_get_num_threads();
      start_ns = now_ns();
    }
#pragma omp barrier
    work(omp_get_thread_num());
    cpus[static_cast<std::size_t>(omp_get_thread_num())] = sched_getcpu();
#pragma omp barrier
#pragma omp master
    end_ns = now_ns();
  }
  if (team != threads)
    throw UnsupportedError(
        fmt::format("OpenMP gives {} where {} are measured", counted(team, "thread"), threads));
  return {static_cast<double>(end_ns - start_ns), on_own_cpus(cpus)};
}

double clock_now_ghz() {
  constexpr std::uint64_t steps = 400000;
  if (multiply_latency_cycles() == 0) return 0;
  double best_ns = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) best_ns = std::min(best_ns, time_once_ns([] { multiply_chain(steps); }));
  return steps * multiply_latency_cycles() / best_ns;
}

Rate fma_rate(const FmaKernel& kernel, int threads, int repeats) {
  constexpr int calls = 160;  // about a millisecond
  return measure_rate({.repeats = repeats}, [&]() -> RateSample {
    const auto run = run_together(threads, [&](int) {
      for (int call = 0; call < calls; ++call) kernel.run();
    });
    return {kernel.flop_per_call * calls * threads / run.ns, run.on_own_cpus};
  });
}

// C = A * B with square matrices, through oneDNN.
Rate gemm_rate(int threads, dnnl::memory::data_type type, int repeats) {
  constexpr dnnl::memory::dim size = 1536;
  kernels::set_threads(threads);
  kernels::Context context;
  context.dtype = type;
  const dnnl::memory::desc any({size, size}, type, dnnl::memory::format_tag::any);
  const dnnl::memory::desc dst_md({size, size}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::ab);
  const dnnl::matmul::primitive_desc pd(context.engine, any, any, dst_md);
  const dnnl::matmul matmul(pd);
  auto a = make_memory(context, pd.src_desc()), b = make_memory(context, pd.weights_desc()),
       c = make_memory(context, pd.dst_desc());
  auto values = pattern(size * size, 7);
  write_plain(context, values, a);
  write_plain(context, values, b);
  return measure_rate({.repeats = repeats}, [&]() -> RateSample {
    const double ns = time_once_ns([&] {
      matmul.execute(context.stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
      context.stream.wait();
    });
    return {2.0 * size * size * size / ns, run_together(threads, [](int) {}).on_own_cpus};
  });
}

// No product can be faster than the loop of the same instructions: one of them was disturbed without a sign.
bool is_below_product(const PeakRow& row) {
  constexpr double kMeasuredAlike = 1.02;
  const bool is_fused = row.kernel.find("multiply and add") == std::string::npos;
  return is_fused && row.gemm_gflops.best > kMeasuredAlike * row.gflops.best;
}

PeakRow measure_peak(int threads, const std::string& dtype, const FmaKernel& kernel,
                     const MachineOptions& options) {
  PeakRow row;
  row.threads = threads;
  row.dtype = dtype;
  row.kernel = kernel.name;
  if (kernel.run == nullptr) {
    row.not_available = kernel.name;
    return row;
  }
  row.gflops = fma_rate(kernel, threads, options.repeats);
  if (options.scope != MachineScope::roofline) {
    const auto type = dtype == "bf16" ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
    row.gemm_gflops = gemm_rate(threads, type, std::max(3, options.repeats / 3));
    for (int again = 0; again < 3 && is_below_product(row); ++again) {
      const Rate anew = fma_rate(kernel, threads, options.repeats);
      if (anew.best > row.gflops.best) row.gflops = anew;
    }
  }
  if (const double ghz = clock_now_ghz(); ghz > 0)
    row.flop_per_cycle_per_thread = row.gflops.best / threads / ghz;
  return row;
}

struct FreeDelete {
  void operator()(void* p) const { std::free(p); }
};
using Floats = std::unique_ptr<float[], FreeDelete>;

Floats aligned_floats(std::size_t count) {
  return Floats(static_cast<float*>(std::aligned_alloc(4096, (count * sizeof(float) + 4095) / 4096 * 4096)));
}

// A working set per thread for each level: half of what the level gives to one thread, and more than the
// level below.
struct LevelSet {
  std::string name;
  std::size_t floats_per_thread;
};

std::vector<LevelSet> level_sets(const Topology& topology, int threads, MachineScope scope) {
  const auto round = [](double bytes) { return static_cast<std::size_t>(bytes / sizeof(float)) / 256 * 256; };
  std::vector<LevelSet> sets;
  double below = 0, all_bytes = 0;
  for (const auto& cache : topology.caches) {
    const int sharers = std::max(1, std::min(cache.sharing_hardware_threads, threads));
    const double share = static_cast<double>(cache.bytes) / sharers;
    const double wanted = std::max(share / 2, std::min(1.5 * below, share));
    sets.push_back({fmt::format("L{}", cache.level), round(wanted)});
    below = share;
    all_bytes = std::max(all_bytes, static_cast<double>(cache.bytes) * cache.instances);
  }
  // Steps have it measured again and again: as small as the probe's (memory_probe.hpp), whatever an L3 of
  // hundreds of megabytes would have.
  const double wanted = scope == MachineScope::steps ? std::min(4 * all_bytes, 256e6) : 4 * all_bytes;
  const double memory = std::min(std::max(wanted, 128e6), static_cast<double>(topology.memory_bytes) / 8);
  sets.push_back({"memory", round(memory / threads)});
  return sets;
}

// Peaks always take their time; of the many bandwidths those that steps need are measured again and again.
RateOptions in_haste(const MachineOptions& options, int repeats) {
  if (options.scope == MachineScope::all) return {.repeats = repeats};
  return {.repeats = repeats, .warm_up_s = 0.003, .least_s = 0.01};
}

// GB/s of `bytes_per_pass` moved by pass(thread) on all threads, repeated so that each sample takes about a
// millisecond.
template <typename Pass>
Rate bandwidth(int threads, double bytes_per_pass, const RateOptions& options, const Pass& pass) {
  const int passes = std::max(1, static_cast<int>(2e7 / bytes_per_pass));
  return measure_rate(options, [&]() -> RateSample {
    const auto run = run_together(threads, [&](int thread) {
      for (int k = 0; k < passes; ++k) pass(thread);
    });
    return {bytes_per_pass * passes * threads / run.ns, run.on_own_cpus};
  });
}

// STREAM (McCalpin): compiled from plain code, as a user's program would be.
void triad(float* a, const float* b, const float* c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + 3.0F * c[i];
  __asm__ volatile("" ::"r"(a) : "memory");
}

BandwidthRow measure_level(const LevelSet& level, int threads, const MachineOptions& options) {
  BandwidthRow row;
  row.threads = threads;
  row.level = level.name;
  const auto kernels = stream_kernels();
  const std::size_t count = std::max<std::size_t>(512, level.floats_per_thread), half = count / 2 / 128 * 128;
  const bool memory = level.name == "memory";
  row.bytes_per_thread = static_cast<double>(count) * sizeof(float);
  std::vector<Floats> buffers(static_cast<std::size_t>(threads));
  // Each thread touches its own pages first: they land on its NUMA node.
  run_together(threads, [&](int thread) {
    buffers[thread] = aligned_floats(count);
    std::memset(buffers[thread].get(), 0, count * sizeof(float));
  });
  const auto repeats = in_haste(options, memory ? std::max(3, options.repeats / 2) : options.repeats);
  const double bytes = static_cast<double>(count) * sizeof(float),
               half_bytes = static_cast<double>(half) * sizeof(float);
  row.read_gbps = bandwidth(threads, bytes, repeats, [&](int t) {
    volatile float sink = kernels.read(buffers[t].get(), count);
    (void)sink;
  });
  if (options.scope != MachineScope::steps)
    row.copy_gbps = bandwidth(threads, 2 * half_bytes, repeats,
                              [&](int t) { kernels.copy(buffers[t].get(), buffers[t].get() + half, half); });
  if (options.scope == MachineScope::roofline) return row;
  row.write_gbps =
      bandwidth(threads, bytes, repeats, [&](int t) { kernels.write(buffers[t].get(), count, 1.0F); });
  if (memory && options.scope == MachineScope::all) {
    const std::size_t third = count / 3 / 128 * 128;
    row.triad_gbps =
        bandwidth(threads, 3.0 * static_cast<double>(third) * sizeof(float), repeats, [&](int t) {
          auto* a = buffers[t].get();
          triad(a, a + third, a + 2 * third, third);
        });
  }
  return row;
}

ForkJoinRow measure_fork_join(int threads) {
  ForkJoinRow row;
  row.threads = threads;
  std::vector<double> samples_ns;
  for (int i = 0; i < 520; ++i) {
    const double ns = time_once_ns([&] {
#pragma omp parallel num_threads(threads)
      { __asm__ volatile("" ::: "memory"); }
    });
    if (i >= 20) samples_ns.push_back(ns);
  }
  row.time = summarize(samples_ns);
  return row;
}

}  // namespace

Machine measure_machine(const MachineOptions& options) {
  const Stopwatch watch;
  const auto before = disturbance_now();
  const int team = kernels::max_threads();
  const auto topology = read_topology();
  Machine machine;
  std::unique_ptr<MemoryProbe> probe;
  const bool is_all = options.scope == MachineScope::all;
  if (is_all) {
    probe = std::make_unique<MemoryProbe>(topology);
    machine.nominal_l3_bytes = probe->nominal_l3_bytes();
    for (int i = 0; i < 3; ++i) machine.memory.add(probe->read());  // what the course is compared with
  }
  const auto sample_clock = [&] {
    if (const double ghz = clock_now_ghz(); ghz > 0) machine.clock_ghz.push_back(ghz);
    if (probe) machine.memory.add(probe->read());
  };
  for (const int threads : options.thread_counts.empty()
                               ? usual_thread_counts(kernels::default_team().threads)
                               : options.thread_counts) {
    kernels::set_threads(threads);
    sample_clock();
    machine.peaks.push_back(measure_peak(threads, "f32", f32_fma_kernel(), options));
    if (options.scope != MachineScope::steps)
      machine.peaks.push_back(measure_peak(threads, "bf16", bf16_fma_kernel(), options));
    sample_clock();
    for (const auto& level : level_sets(topology, threads, options.scope)) {
      machine.bandwidths.push_back(measure_level(level, threads, options));
      sample_clock();
    }
    if (is_all) machine.fork_joins.push_back(measure_fork_join(threads));
  }
  if (is_all) measure_pairs(machine);
  sample_clock();
  kernels::set_threads(team);
  if (!machine.clock_ghz.empty()) {
    auto sorted = machine.clock_ghz;
    std::sort(sorted.begin(), sorted.end());
    machine.clock_drift = (sorted.back() - sorted.front()) / quantile(sorted, 0.5);
  }
  machine.disturbance = disturbance_now() - before;
  const auto noisy = [](const Rate& rate) { return rate.disturbed_share > 0.7; };
  for (const auto& row : machine.peaks)
    machine.too_noisy |= noisy(row.gflops) || noisy(row.gemm_gflops) || is_below_product(row);
  for (const auto& row : machine.bandwidths) {
    machine.too_noisy |=
        noisy(row.read_gbps) || noisy(row.write_gbps) || noisy(row.copy_gbps) || noisy(row.triad_gbps);
  }
  machine.took_ns = watch.elapsed_ns();
  return machine;
}

}  // namespace dsx::bench
