// Fresh processes: their order, and what follows from what several of them tell.
#include "bench/measure/processes.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "bench/machine/process_arms.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"

namespace {

using dsx::bench::ArmEntry;
using dsx::bench::ArmInProcess;
using dsx::bench::MemoryReading;
using dsx::bench::over_processes;
using dsx::bench::process_order;
using dsx::bench::ProcessReport;

MemoryReading memory_of(double ns) {
  MemoryReading reading;
  reading.l2_ns = 4;
  reading.l3_ns = ns / 5;
  reading.memory_ns = ns;
  reading.read_gbps = 1000 / ns;
  return reading;
}

ProcessReport told(double at_s, double ns, double memory_ns) {
  ProcessReport report;
  report.start_ns = dsx::in_ns(at_s);
  report.memory = {memory_of(100), memory_of(memory_ns), memory_of(memory_ns)};
  report.rounds = {0, 2, 8};
  ArmInProcess arm;
  arm.facts.name = "arm";
  arm.samples_ns.assign(8, ns);
  report.arms = {arm};
  return report;
}

TEST(Processes, EveryKindComesOnceInEachBlockInRandomOrder) {
  const auto turns = process_order(3, 20, 1);
  ASSERT_EQ(turns.size(), 60U);
  std::set<std::vector<std::size_t>> orders;
  for (std::size_t block = 0; block < 20; ++block) {
    std::vector<std::size_t> kinds;
    for (std::size_t i = 0; i < 3; ++i) {
      kinds.push_back(turns[3 * block + i].kind);
      EXPECT_EQ(turns[3 * block + i].number, static_cast<int>(block));
    }
    orders.insert(kinds);
    std::sort(kinds.begin(), kinds.end());
    EXPECT_THAT(kinds, testing::ElementsAre(0, 1, 2));
  }
  EXPECT_GT(orders.size(), 3U);
}

TEST(Processes, AnArmCountsOncePerProcessAndMemoryIsMarked) {
  const std::vector<ProcessReport> reports{told(10, 1000, 100), told(11, 1100, 100), told(12, 1600, 200),
                                           told(13, 1050, 100), told(14, 1700, 220), told(15, 1020, 100)};
  const auto run = over_processes(reports, dsx::in_ns(10));
  ASSERT_EQ(run.arms.size(), 1U);
  const auto& arm = run.arms[0];
  EXPECT_EQ(arm.interval.processes, 6U);
  EXPECT_EQ(arm.interval.value, 1075);
  EXPECT_NEAR(arm.processes[2].start_s, 2, 1e-9);
  EXPECT_EQ(arm.processes[0].unlike_share, 0);
  EXPECT_EQ(arm.processes[2].unlike_share, 1);  // one end of each span is unlike the reference
  EXPECT_NEAR(arm.processes[2].slowdown, 2, 1e-9);
  EXPECT_GT(arm.memory_correlation, 0.7);
  EXPECT_THAT(run.memory.sentence(), testing::HasSubstr("2.2 times slower than in its fastest quarter"));
  EXPECT_EQ(run.memory.readings().size(), 18U);
}

TEST(Processes, AnArmThatFailsKeepsItsReason) {
  auto report = told(1, 5, 100);
  report.arms[0].samples_ns.clear();
  report.arms[0].error = "not here";
  const auto run = over_processes({report, report}, 0);
  EXPECT_EQ(run.arms[0].error, "not here");
  EXPECT_TRUE(run.arms[0].processes.empty());
  EXPECT_FALSE(run.arms[0].interval.available());
}

TEST(Processes, AReportComesBackFromItsText) {
  const auto report = dsx::bench::report_of(dsx::bench::report_text(told(3, 7, 90)));
  EXPECT_EQ(report.start_ns, dsx::in_ns(3));
  EXPECT_EQ(report.arms[0].samples_ns.size(), 8U);
  EXPECT_EQ(report.rounds, (std::vector<int>{0, 2, 8}));
  EXPECT_THROW(dsx::bench::report_of("nothing"), dsx::DataError);
}

TEST(Processes, GroupsShareThreadsBatchAndCacheState) {
  std::vector<ArmEntry> arms(4);
  arms[0].name = "a/batch:32/threads:2/cache:hot";
  arms[1].name = "a/batch:1/threads:2/cache:hot";
  arms[2].name = "b/batch:32/threads:2/cache:hot";
  arms[3].name = "b/batch:32/threads:1/cache:hot";
  const auto groups = dsx::bench::groups_of(arms);
  ASSERT_EQ(groups.size(), 3U);
  ASSERT_EQ(groups[0].size(), 2U);
  EXPECT_EQ(groups[0][1].name, arms[2].name);
}

}  // namespace
