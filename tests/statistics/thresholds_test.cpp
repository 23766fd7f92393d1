#include "study/statistics/thresholds.hpp"

#include <cmath>
#include <limits>

#include "study/statistics/decision.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;

TEST(Thresholds, AgreeWithTryingAll) {
  for (const auto& c : dsx_test::cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("thresholds");
    EXPECT_NEAR(statistics::choose_youden(c.a, c.positive).value, expected.at("youden").get<double>(), 1e-12);
    for (const char* target : {"0.8", "0.95", "1.0"})
      EXPECT_NEAR(statistics::choose_sensitivity(c.a, c.positive, std::stod(target)).value,
                  expected.at(std::string("sensitivity_") + target).get<double>(), 1e-12);
    for (const char* ratio : {"0.5", "1.0", "5.0"})
      EXPECT_NEAR(statistics::choose_least_cost(c.a, c.positive, std::stod(ratio)).value,
                  expected.at(std::string("cost_") + ratio).get<double>(), 1e-12);
  }
}

TEST(Thresholds, ReachTheSensitivityTheyPromise) {
  for (const auto& c : dsx_test::cases()) {
    const auto t = statistics::choose_sensitivity(c.a, c.positive, 0.95);
    const auto counts = statistics::decision_counts(statistics::decide(c.a, t.value), c.positive);
    const double positives = static_cast<double>(counts.tp + counts.fn);
    EXPECT_DOUBLE_EQ(t.sensitivity, static_cast<double>(counts.tp) / positives);
    EXPECT_DOUBLE_EQ(t.specificity,
                     static_cast<double>(counts.tn) / static_cast<double>(counts.tn + counts.fp));
    EXPECT_GE(t.sensitivity, 0.95);
  }
}

TEST(Thresholds, NineteenOfTwentyIs95Percent) {
  std::vector<double> scores;
  std::vector<std::uint8_t> positive;
  for (int i = 0; i < 20; ++i) scores.push_back(i), positive.push_back(1);
  for (int i = 0; i < 20; ++i) scores.push_back(-1 - i), positive.push_back(0);
  EXPECT_DOUBLE_EQ(statistics::choose_sensitivity(scores, positive, 0.95).value, 0.5);
}

TEST(Thresholds, NeighbouringDoublesStayApart) {
  const double upper = 1, lower = std::nextafter(1.0, 0.0);
  std::vector<double> scores(10, lower);
  scores.resize(20, upper);
  std::vector<std::uint8_t> positive(10, 0);
  positive.resize(20, 1);
  const auto t = statistics::choose_youden(scores, positive);
  EXPECT_GT(t.value, lower);
  EXPECT_LE(t.value, upper);
  EXPECT_EQ(t.sensitivity, 1);
  EXPECT_EQ(t.specificity, 1);
}

TEST(Thresholds, SayWhyThereIsNone) {
  const std::vector<double> scores(20, 1.0);
  std::vector<std::uint8_t> positive(20, 1);
  EXPECT_EQ(statistics::choose_youden(scores, positive).not_estimable, "no negative images");
  positive[0] = 0;
  EXPECT_EQ(statistics::choose_sensitivity(scores, positive).not_estimable,
            "only 1 negative images, at least 10 needed");
  EXPECT_TRUE(std::isnan(statistics::choose_least_cost(scores, positive, 5).value));
  for (std::size_t i = 0; i < 10; ++i) positive[i] = 0;
  std::vector<double> infinite(20, std::numeric_limits<double>::infinity());
  EXPECT_EQ(statistics::choose_youden(infinite, positive).not_estimable, "a score is infinite");
  EXPECT_THROW(statistics::choose_sensitivity(scores, positive, 95), std::invalid_argument);
  EXPECT_THROW(statistics::choose_least_cost(scores, positive, 0), std::invalid_argument);
}

}  // namespace
