// Expected values from R 4.2: p.adjust(c(.01, .04, .03, .005), "holm").
#include "study/statistics/holm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

TEST(Holm, AgreesWithR) {
  const double p[] = {0.01, 0.04, 0.03, 0.005};
  const double expected[] = {0.03, 0.06, 0.06, 0.02};
  const auto adjusted = dsx::statistics::holm_adjusted(p);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
}

TEST(Holm, LeavesOutWhatIsNotEstimable) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double p[] = {0.04, nan, 0.01};
  const auto adjusted = dsx::statistics::holm_adjusted(p);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.04);
  EXPECT_TRUE(std::isnan(adjusted[1]));
  EXPECT_DOUBLE_EQ(adjusted[2], 0.02);
}

TEST(Holm, RefusesWhatIsNoProbability) {
  const double p[] = {1.5};
  EXPECT_THROW(dsx::statistics::holm_adjusted(p), std::invalid_argument);
}

}  // namespace
