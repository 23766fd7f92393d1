// A budget is kept: what does not fit is left out by rank, what fits shares the time, and sets that take long
// end early.
#include "study/explain/budget.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/base/error.hpp"

namespace dsx {
namespace {

const std::vector<explain::TimeNeed> kNeeds{
    {"whole", 14, 5, 0}, {"dispatch", 160, 30, 9}, {"strips", 45, 10, 2}};

double allotted(const std::vector<explain::Allotment>& plan) {
  double sum = 0;
  for (const auto& one : plan)
    if (one.fits) sum += one.seconds;
  return sum;
}

TEST(Budget, SharesTimeOutAndLeavesOutTheHighestRank) {
  const auto ample = explain::allot(kNeeds, 1000, 1);
  EXPECT_NEAR(allotted(ample), 950, 1e-6);
  EXPECT_GT(ample[1].stretch, 1);
  const auto tight = explain::allot(kNeeds, 100, 1);
  EXPECT_TRUE(tight[1].fits);
  EXPECT_LT(tight[1].stretch, 0.5);
  EXPECT_LE(allotted(tight), 100);
  const auto short_of_time = explain::allot(kNeeds, 30, 1);
  EXPECT_FALSE(short_of_time[1].fits) << "dispatch has the highest rank";
  EXPECT_TRUE(short_of_time[0].fits && short_of_time[2].fits);
  EXPECT_LE(allotted(short_of_time), 30);
  const auto almost_none = explain::allot(kNeeds, 1, 1);
  EXPECT_TRUE(almost_none[0].fits) << "never all of them";
  EXPECT_FALSE(almost_none[2].fits);
  EXPECT_TRUE(explain::allot(kNeeds, 30, 0.1)[1].fits) << "a small network needs less";
  EXPECT_TRUE(std::isinf(explain::allot(kNeeds, INFINITY, 1)[1].seconds));
}

TEST(Budget, EndsSetsThatTakeLongerThanPlanned) {
  double now = 100;
  explain::Budget budget(60, [&] { return now; });
  EXPECT_DOUBLE_EQ(budget.left_s(), 60);
  now = 110;
  EXPECT_DOUBLE_EQ(budget.left_s(), 50);
  budget.begin(20);
  budget.expect_sets(4);
  EXPECT_TRUE(budget.has_time_for_set()) << "the first always";
  EXPECT_DOUBLE_EQ(budget.take_set(), 5);
  now = 119;  // it took nine
  EXPECT_TRUE(budget.has_time_for_set());
  EXPECT_NEAR(budget.take_set(), 11.0 / 3, 1e-9);
  now = 128;
  EXPECT_FALSE(budget.has_time_for_set()) << "two seconds are left, a set takes nine";
  now = 200;
  EXPECT_EQ(budget.left_s(), 0);
  EXPECT_EQ(budget.experiment_left_s(), 0);
  EXPECT_TRUE(std::isinf(explain::Budget().left_s()));
}

}  // namespace
}  // namespace dsx
