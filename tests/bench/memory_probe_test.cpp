// The memory probe's arithmetic by hand, and that a reading has all figures. No test asserts a speed.
#include "bench/machine/memory_probe.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/machine/memory_course.hpp"
#include "bench/measure/topology.hpp"

namespace {

using dsx::bench::ChaseRow;
using dsx::bench::MemoryCourse;
using dsx::bench::MemoryReading;
using testing::HasSubstr;

constexpr double kMiB = 1024.0 * 1024.0;

MemoryReading reading_of(double l3_ns, double memory_ns, double gbps) {
  MemoryReading reading;
  reading.l2_ns = 4;
  reading.l3_ns = l3_ns;
  reading.memory_ns = memory_ns;
  reading.read_gbps = gbps;
  reading.l3_ours_bytes = 6 * kMiB;
  return reading;
}

TEST(MemoryProbe, FindsWhereLatencyLeavesTheL3) {
  const std::vector<ChaseRow> all_ours{{4 * kMiB, 15}, {8 * kMiB, 15}, {16 * kMiB, 16}, {32 * kMiB, 20}};
  EXPECT_EQ(dsx::bench::size_of_our_share(all_ours, 120, 4), 32 * kMiB);
  // Half way from 20 to 120 is 70: between 8 MiB (20) and 16 MiB (120), in the middle of their logarithms.
  const std::vector<ChaseRow> some{{4 * kMiB, 20}, {8 * kMiB, 20}, {16 * kMiB, 120}, {32 * kMiB, 120}};
  EXPECT_NEAR(dsx::bench::size_of_our_share(some, 120, 4), 8 * kMiB * std::sqrt(2.0), 1);
  const std::vector<ChaseRow> none{{4 * kMiB, 110}, {8 * kMiB, 118}};
  EXPECT_EQ(dsx::bench::size_of_our_share(none, 120, 4), 0);
  // One interrupted row among the small ones.
  const std::vector<ChaseRow> interrupted{{4 * kMiB, 90}, {8 * kMiB, 15}, {16 * kMiB, 15}};
  EXPECT_EQ(dsx::bench::size_of_our_share(interrupted, 120, 4), 16 * kMiB);
  EXPECT_EQ(dsx::bench::size_of_our_share({}, 120, 4), 0);
}

TEST(MemoryProbe, ReadsEveryLevelOfThisMachine) {
  dsx::bench::MemoryProbe probe(dsx::bench::read_topology());
  const auto first = probe.read(), second = probe.read();
  ASSERT_GE(first.chases.size(), 2U);
  for (std::size_t i = 0; i < first.chases.size(); ++i) {
    EXPECT_GT(first.chases[i].ns, 0);
    EXPECT_GT(first.chases[i].bytes, i == 0 ? 0 : first.chases[i - 1].bytes);
  }
  EXPECT_GT(first.read_gbps, 0);
  EXPECT_GE(second.start_s, first.start_s + first.took_s);
  EXPECT_LE(first.l3_ours_bytes, probe.nominal_l3_bytes());
}

TEST(MemoryCourse, SaysHowManyTimesSlowerThanAtItsFastest) {
  MemoryCourse course;
  EXPECT_EQ(course.sentence(), "");
  for (int i = 0; i < 3; ++i) course.add(reading_of(20, 100, 15));
  EXPECT_EQ(course.sentence(), "");
  course.add(reading_of(32, 160, 12));  // both latencies 1.6 times; bandwidth 1.25
  EXPECT_THAT(course.sentence(),
              HasSubstr("up to 1.6 times slower than in its fastest quarter (1.0 times at"));
  EXPECT_NEAR(dsx::bench::slowdown(course.readings().back(), course.reference()), 1.6, 1e-12);
  EXPECT_TRUE(dsx::bench::unlike(course.readings().back(), course.reference()));
  EXPECT_FALSE(dsx::bench::unlike(reading_of(22, 105, 14), course.reference()));
  EXPECT_THAT(course.share_sentence(32 * kMiB), HasSubstr("32 MiB about 6.0 MiB are ours"));
}

TEST(MemoryCourse, ANeighbourFromTheStartIsNoReference) {
  MemoryCourse course;
  for (int i = 0; i < 20; ++i) course.add(reading_of(40, 200, 8));
  for (int i = 0; i < 10; ++i) course.add(reading_of(20, 100, 16));
  EXPECT_EQ(course.reference().memory_ns, 100);
  EXPECT_EQ(course.reference().read_gbps, 16);
  EXPECT_EQ(course.middle().memory_ns, 200);
  EXPECT_THAT(course.sentence(),
              HasSubstr("2.0 times slower than in its fastest quarter (2.0 times at the start; "
                        "20 of 30 readings"));
}

TEST(MemoryCourse, OneLuckyReadingIsNoReference) {
  MemoryCourse course;
  for (int i = 0; i < 19; ++i) course.add(reading_of(20, 100, 15));
  course.add(reading_of(5, 10, 300));
  EXPECT_EQ(course.reference().memory_ns, 100);
  EXPECT_EQ(course.reference().read_gbps, 15);
}

TEST(MemoryCourse, KeepsAReadingThroughJson) {
  auto reading = reading_of(20, 100, 15);
  reading.chases = {{1024, 3}, {2048, 5}};
  const auto back = dsx::bench::memory_reading_of(dsx::bench::to_json(reading));
  EXPECT_EQ(back.memory_ns, 100);
  EXPECT_EQ(back.read_gbps, 15);
  ASSERT_EQ(back.chases.size(), 2U);
  EXPECT_EQ(back.chases[1].ns, 5);
}

}  // namespace
