#include "study/statistics/spread.hpp"

#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;

TEST(Spread, AgreesWithTheCorrelationOfSumsAndDifferences) {
  const auto& r = dsx_test::reference().at("spreads");
  const auto a = r.at("a").get<std::vector<double>>(), b = r.at("b").get<std::vector<double>>();
  dsx_test::expect_estimate(statistics::ratio_of_spreads(a, b), r);
  const auto other = statistics::ratio_of_spreads(b, a);
  EXPECT_NEAR(other.low, 1 / r.at("interval")[1].get<double>(), dsx_test::kAgreement);
}

TEST(Spread, SaysWhyThereIsNone) {
  const std::vector<double> two = {0.1, 0.2}, flat = {0.1, 0.1, 0.1}, rising = {0.1, 0.2, 0.3};
  EXPECT_EQ(statistics::ratio_of_spreads(two, two).not_estimable,
            "a spread over seeds needs at least 3 seeds");
  EXPECT_EQ(statistics::ratio_of_spreads(flat, rising).not_estimable, "no spread between the seeds");
  EXPECT_FALSE(statistics::ratio_of_spreads(rising, rising).estimable());
  EXPECT_THROW(statistics::ratio_of_spreads(two, flat), std::invalid_argument);
}

}  // namespace
