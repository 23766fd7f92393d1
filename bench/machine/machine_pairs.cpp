#include "bench/machine/machine_pairs.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/machine/machine_kernels.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::bench {

namespace {

constexpr int kCalls = 150;
constexpr std::int64_t kPatienceNs = 200'000'000;  // for the other thread's start

// Best rate of the FMA loop on threads bound to `cpus`.
double bound_rate(const std::vector<int>& cpus, const FmaKernel& kernel) {
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::vector<double> rates(cpus.size(), 0);
    std::atomic<int> waiting{static_cast<int>(cpus.size())};
    std::vector<std::jthread> threads;  // last: an exception joins them first
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      threads.push_back(start_thread("measuring pairs of CPUs", [&, i] {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[i], &set);
        sched_setaffinity(0, sizeof set, &set);
        --waiting;
        const Stopwatch watch;
        while (waiting > 0 && watch.elapsed_ns() < kPatienceNs) {
        }
        rates[i] = kernel.flop_per_call * kCalls / time_once_ns([&] {
                     for (int call = 0; call < kCalls; ++call) kernel.run();
                   });
      }));
    }
    for (auto& thread : threads) thread.join();
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace

void measure_pairs(Machine& machine) {
  const auto cores = allowed_cpus_by_core();
  std::vector<std::pair<int, int>> cpus;  // logical CPU, core
  for (std::size_t core = 0; core < cores.size(); ++core) {
    for (const int cpu : cores[core]) cpus.emplace_back(cpu, static_cast<int>(core));
  }
  if (cpus.size() < 2) {
    machine.pairs_not_available = "this process may use one logical CPU only";
    return;
  }
  const auto kernel = f32_fma_kernel();
  // The first CPU with each other one; a machine of many cores repeats itself.
  constexpr std::size_t kMostPairs = 8;
  const double alone = bound_rate({cpus[0].first}, kernel);
  for (std::size_t i = 1; i < std::min(cpus.size(), kMostPairs + 1); ++i) {
    const double both = bound_rate({cpus[0].first, cpus[i].first}, kernel);
    machine.pairs.push_back({cpus[0].first, cpus[i].first, both / alone, cpus[0].second == cpus[i].second});
  }
}

}  // namespace dsx::bench
