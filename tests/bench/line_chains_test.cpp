// Chains of dependent loads visit every line, on every level.
#include "bench/machine/line_chains.hpp"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>

namespace {

using dsx::bench::LineChains;

TEST(LineChains, FollowOneCycleWhateverTheNumberOfChains) {
  const LineChains lines({{64 * 4096, 4096}}, 3);
  ASSERT_EQ(lines.lines(), 64U * 64);
  const auto start = lines.read(0, 1, 1);  // all the way round: where it began
  EXPECT_LT(start, lines.lines());
  const auto quarter = [&](int part) { return lines.read(part, 4, 1); };
  const std::set<std::size_t> ends{quarter(0), quarter(1), quarter(2), quarter(3)};
  EXPECT_EQ(ends.size(), 4U) << "each part ends where the next begins";
  EXPECT_EQ(*ends.find(start), start) << "the last one at the beginning";
  EXPECT_EQ(quarter(0) + quarter(1) + quarter(2) + quarter(3), lines.read(0, 1, 4));
  EXPECT_EQ(lines.read(0, 2, 8) + lines.read(1, 2, 8), lines.read(0, 1, 16));
}

TEST(LineChains, LevelsShareOneMemoryAndKeepToTheirOwn) {
  const LineChains lines({{2 * 4096, 4096}, {32 * 4096, 8192}}, 1);
  EXPECT_EQ(lines.lines(0), 2U * 64);
  EXPECT_EQ(lines.lines(1), 32U * 64);
  EXPECT_LT(lines.read(0, 1, 1), lines.lines(0));
  for (std::size_t start = 0; start < lines.lines(1); start += 100) lines.follow(1, start, lines.lines(1));
  EXPECT_THROW(LineChains({{100, 64}}, 1), std::logic_error) << "no whole group";
  EXPECT_THROW(lines.read(0, 1, 3), std::logic_error);
}

}  // namespace
