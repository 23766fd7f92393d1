// What /proc/stat says about other processes, from texts and beside a real one.
#include "bench/measure/neighbours.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "kernels/base/clock.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

const char* const kStat =
    "cpu  1 1 1 1 1 1 1 1 0 0\n"
    "cpu0 100 20 30 1000 50 1 2 7 40 5\n"
    "cpu1 1 0 0 2000 0 0 0 0 0 0\n"
    "cpu10 500 0 0 0 0 0 0 0 0 0\n"
    "intr 12 0\n"
    "cpufreq 3\n";

TEST(CpuSeconds, AddUpTheChosenCpusOnly) {
  const auto one = bench::cpu_seconds(kStat, {0}, 100);
  EXPECT_EQ(one.cpus_found, 1);
  EXPECT_DOUBLE_EQ(one.busy, 1.53) << "user, nice, system, irq, softirq; guests are part of user";
  EXPECT_DOUBLE_EQ(one.idle, 10.5);
  EXPECT_DOUBLE_EQ(one.stolen, 0.07);
  const auto two = bench::cpu_seconds(kStat, {0, 1}, 100);
  EXPECT_EQ(two.cpus_found, 2);
  EXPECT_DOUBLE_EQ(two.busy, 1.54);
  EXPECT_EQ(bench::cpu_seconds(kStat, {7}, 100).cpus_found, 0);
}

TEST(BusyWarning, SpeaksUpBeyondTheLimitOnly) {
  bench::NeighbourUse use;
  use.others = 0.03;
  EXPECT_EQ(bench::busy_warning(use), "");
  use.others = 0.35;
  use.interval_ns = 2'000'000'000;
  EXPECT_THAT(bench::busy_warning(use), HasSubstr("other processes used 35% of the CPUs during 2.0 s"));
  use.stolen = 0.2;
  EXPECT_THAT(bench::busy_warning(use), HasSubstr("and the hypervisor withheld 20%"));
  use.others = 0;
  EXPECT_THAT(bench::busy_warning(use), ::testing::StartsWith("the hypervisor withheld 20%"));
  use.not_available = "no figure";
  EXPECT_EQ(bench::busy_warning(use), "");
}

TEST(Neighbours, DoNotCountThisProcess) {
  const bench::Neighbours neighbours;
  const Stopwatch watch;
  while (watch.elapsed_ns() < 300'000'000) {
  }
  const auto use = neighbours.use();
  ASSERT_EQ(use.not_available, "");
  EXPECT_GT(use.own, 0);
  EXPECT_LE(use.own + use.others + use.stolen, 1.1);
  EXPECT_GE(use.interval_ns, 300'000'000);
}

TEST(Neighbours, NoticeAProcessThatSpinsOnOurCpu) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  int cpu = 0;
  while (CPU_ISSET(cpu, &before) == 0) ++cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) __asm__ volatile("");
  }
  const bench::Neighbours neighbours;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto use = neighbours.use();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  sched_setaffinity(0, sizeof before, &before);
  ASSERT_EQ(use.not_available, "");
  EXPECT_GT(use.others + use.stolen, 0.5) << "of the one CPU that this process may use";
  EXPECT_LT(use.own, 0.2);
  EXPECT_NE(bench::busy_warning(use), "");
}

}  // namespace
}  // namespace dsx
