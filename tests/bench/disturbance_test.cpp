// Which samples count as disturbed, by rule and by a real neighbour on our CPU.
#include "bench/measure/disturbance.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "bench/measure/measure.hpp"
#include "kernels/base/clock.hpp"

namespace dsx {
namespace {

TEST(IsDisturbed, OnlyByWhatTookTheCpuAway) {
  constexpr double ms = 1e6;
  const auto disturbed = [](std::int64_t involuntary, std::int64_t voluntary, double cpu_ms,
                            double waiting_ms) {
    return bench::is_disturbed({involuntary, voluntary, 0, cpu_ms * ms, waiting_ms * ms}, 10 * ms);
  };
  EXPECT_FALSE(disturbed(0, 0, 20, 0)) << "two threads, both busy";
  EXPECT_FALSE(disturbed(0, 0, 10, 0)) << "a serial step: the worker slept through it";
  EXPECT_FALSE(disturbed(0, 3, 6, 0)) << "threads that sleep are not disturbed";
  EXPECT_FALSE(disturbed(0, 1, 15, 0.1)) << "waking a thread";
  EXPECT_TRUE(disturbed(1, 0, 20, 0)) << "a core was taken, nobody knows for how long";
  EXPECT_TRUE(disturbed(1, 0, 20, 0.3)) << "a core was taken for 3% of the sample";
  EXPECT_FALSE(disturbed(1, 0, 20, 0.05)) << "a kernel thread took a core for 50 us of 10 ms";
  EXPECT_TRUE(disturbed(0, 1, 15, 2)) << "a worker woke up on a taken core";
  EXPECT_TRUE(disturbed(0, 0, 8, 0)) << "less than one thread's CPU time, and nobody slept: the hypervisor";
}

TEST(IsDisturbed, AllowsMoreInLongSamples) {
  EXPECT_TRUE(bench::is_disturbed({0, 0, 0, 1e6, 0.5e6}, 1e6));
  EXPECT_FALSE(bench::is_disturbed({0, 0, 0, 100e6, 0.5e6}, 100e6)) << "half a percent";
}

TEST(Disturbance, CountsCpuTimeOfAllThreads) {
  const auto before = bench::disturbance_now();
  const auto spin = [] {
    const auto start = bench::disturbance_now();
    while ((bench::disturbance_now() - start).task_clock_ns < 5e6) {
    }
  };
  std::thread other(spin);
  spin();
  other.join();
  const auto during = bench::disturbance_now() - before;
  EXPECT_GE(during.task_clock_ns, 5e6);
  EXPECT_GE(during.waiting_ns, 0);
}

// A process that spins on the only CPU this thread may use.
class Neighbour {
 public:
  Neighbour() {
    sched_getaffinity(0, sizeof(before_), &before_);
    int cpu = 0;
    while (CPU_ISSET(cpu, &before_) == 0) ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    pid_ = fork();
    if (pid_ == 0) {
      for (;;) __asm__ volatile("");
    }
  }
  ~Neighbour() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    sched_setaffinity(0, sizeof(before_), &before_);
  }

 private:
  cpu_set_t before_{};
  pid_t pid_ = 0;
};

TEST(Measure, FlagsAndKeepsSamplesBesideABusyNeighbour) {
  const Neighbour neighbour;
  bench::MeasureOptions options;
  options.warmup_runs = 0;
  options.min_rounds = options.max_rounds = 4;
  options.min_time_s = 0;
  options.repeat_disturbed = true;
  const bench::Arm arm{"spin",
                       [] {
                         const Stopwatch watch;
                         while (watch.elapsed_ns() < 50'000'000) {
                         }
                       },
                       {}};
  const auto result = bench::measure({arm}, options)[0];
  EXPECT_GE(result.disturbed_samples, 4U) << "50 ms beside a neighbour are several turns";
  EXPECT_TRUE(result.busy) << "no undisturbed picture: all samples are kept";
  EXPECT_EQ(result.summary.left_out, 0U);
  EXPECT_EQ(result.summary.count, result.samples_ns.size());
  EXPECT_GT(result.disturbance.waiting_ns, 1e6);
}

}  // namespace
}  // namespace dsx
