// Ranks with ties and with what is no number, and the median of even and odd numbers of values.
#include "kernels/base/ranks.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace dsx {
namespace {

TEST(Ranks, TiesShareTheMeanAndNanTakesNone) {
  EXPECT_THAT(midranks(std::vector<double>{5, 2, 5, 1}), testing::ElementsAre(3.5, 2, 3.5, 1));
  const auto ranks = midranks(std::vector<double>{NAN, 7, NAN, 3});
  EXPECT_TRUE(std::isnan(ranks[0]) && std::isnan(ranks[2]));
  EXPECT_EQ(ranks[1], 2);
  EXPECT_EQ(ranks[3], 1);
  EXPECT_TRUE(midranks({}).empty());
}

TEST(Ranks, MedianIsTheMiddleOrTheMeanOfTwo) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median_of({})));
}

}  // namespace
}  // namespace dsx
