// When other work is worth a line: only where a team's threads have to wait for it.
#include "study/training/busy_watch.hpp"

#include <gmock/gmock.h>

namespace dsx {
namespace {

using ::testing::HasSubstr;

bench::NeighbourUse used(double others, double stolen = 0) {
  bench::NeighbourUse use;
  use.others = others;
  use.stolen = stolen;
  use.interval_ns = 2'000'000'000;
  return use;
}

TEST(BusyText, SpeaksOfATeamThatLacksItsCpus) {
  EXPECT_THAT(
      training::busy_text(used(0.5), 2, 2),
      HasSubstr("other work took 50% of the CPUs during the last 2 s: 2 threads wait for each other"));
  EXPECT_NE(training::busy_text(used(0.1, 0.3), 2, 2), "") << "a hypervisor's other guests as well";
}

TEST(BusyText, IsSilentWhereThereIsRoomForBoth) {
  EXPECT_EQ(training::busy_text(used(0.1), 2, 2), "") << "an idle desktop";
  EXPECT_EQ(training::busy_text(used(0.5), 1, 2), "") << "one thread only shares";
  EXPECT_EQ(training::busy_text(used(0.5), 2, 8), "") << "two of eight CPUs, and four are taken";
  EXPECT_NE(training::busy_text(used(0.9), 2, 8), "");
  auto unknown = used(0.9);
  unknown.not_available = "no /proc/stat";
  EXPECT_EQ(training::busy_text(unknown, 2, 2), "");
}

}  // namespace
}  // namespace dsx
