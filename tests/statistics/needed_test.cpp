// What would decide a comparison, against the formula by hand.
#include "study/statistics/needed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

using namespace dsx;

statistics::SeedSummary found(double value, double seed_sd, double image_sd, double shared_sd) {
  statistics::SeedSummary s;
  s.seeds = 5;
  s.seed_sd = seed_sd;
  s.image_sd = image_sd;
  s.shared_image_sd = shared_sd;
  s.mean = statistics::t_interval(value, 0.01, 4, 0.95);
  return s;
}
constexpr double kNoMargin = std::numeric_limits<double>::quiet_NaN();

TEST(Needed, SeedsByHand) {
  // No error of the images at all: S seeds need (t(.975) + t(.8)) sd / sqrt(S) <= .02, sd .03.
  const auto needed = statistics::needed_to_decide(found(0.02, 0.03, 0, 0), kNoMargin, 0.05);
  const auto enough = [](double seeds) {
    return (statistics::t_quantile(0.975, seeds - 1) + statistics::t_quantile(0.8, seeds - 1)) * 0.03 /
               std::sqrt(seeds) <=
           0.02;
  };
  EXPECT_TRUE(enough(needed.seeds));
  EXPECT_FALSE(enough(needed.seeds - 1));
  EXPECT_TRUE(std::isinf(needed.images));  // the seeds' own spread stays
  EXPECT_EQ(needed.left, 0);
}

TEST(Needed, ImagesLeaveWhatSeedsCannotReduce) {
  const auto needed = statistics::needed_to_decide(found(0.02, 0, 0.01, 0.01), kNoMargin, 0.05);
  EXPECT_TRUE(std::isinf(needed.seeds));
  EXPECT_NEAR(needed.left, (1.959964 + 0.841621) * 0.01, 1e-7);
  EXPECT_NEAR(needed.images, std::pow(needed.left / 0.02, 2), 0.05);
}

TEST(Needed, AMarginMayBeEasierThanADifference) {
  const auto without = statistics::needed_to_decide(found(0.001, 0.02, 0, 0), kNoMargin, 0.05);
  const auto with = statistics::needed_to_decide(found(0.001, 0.02, 0, 0), 0.02, 0.05);
  EXPECT_TRUE(std::isinf(without.seeds));
  EXPECT_LT(with.seeds, 12);
  statistics::SeedSummary none;
  none.mean = statistics::cannot_estimate("one seed");
  EXPECT_TRUE(std::isnan(statistics::needed_to_decide(none, 0.01, 0.05).seeds));
}

TEST(Needed, ExpectedErrorIsTodaysAtTodaysSize) {
  EXPECT_NEAR(statistics::expected_se(found(0, 0.02, 0.015, 0.01), 5, 1),
              std::sqrt((0.0004 + 0.000125) / 5 + 0.0001), 1e-12);
}

}  // namespace
