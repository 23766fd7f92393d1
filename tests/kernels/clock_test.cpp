// The one clock of the project.
#include "kernels/base/clock.hpp"

#include <gmock/gmock.h>

#include <cstdint>

namespace dsx {
namespace {

TEST(Clock, IsNeverSetBack) {
  std::int64_t last_ns = now_ns(), last_cpu_ns = process_cpu_ns();
  for (int i = 0; i < 1000; ++i) {
    const auto wall_ns = now_ns(), cpu_ns = process_cpu_ns();
    EXPECT_GE(wall_ns, last_ns);
    EXPECT_GE(cpu_ns, last_cpu_ns);
    last_ns = wall_ns;
    last_cpu_ns = cpu_ns;
  }
}

TEST(Clock, SecondsOfAFileAreTheSameNanosecondsAgain) {
  for (const std::int64_t ns : {0L, 1L, 999'999'999L, 158'084'721'569L, 86'400'000'000'001L})
    EXPECT_EQ(in_ns(in_seconds(ns)), ns);
}

TEST(Stopwatch, CountsFromItsConstruction) {
  const auto before_ns = now_ns();
  const Stopwatch watch;
  const auto elapsed_ns = watch.elapsed_ns();
  EXPECT_GE(elapsed_ns, 0);
  EXPECT_LE(elapsed_ns, now_ns() - before_ns);
}

}  // namespace
}  // namespace dsx
