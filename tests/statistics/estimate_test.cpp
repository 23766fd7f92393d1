#include "study/statistics/estimate.hpp"

#include <cmath>

#include "study/statistics/proportion.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::kAgreement;
using dsx_test::reference;

TEST(Distributions, AgreeWithScipy) {
  for (const auto& row : reference().at("distributions")) {
    EXPECT_NEAR(statistics::t_quantile(row.at("p"), row.at("df")), row.at("t").get<double>(),
                kAgreement * 100);
    EXPECT_NEAR(statistics::t_quantile(row.at("p"), row.at("df")) / row.at("t").get<double>(), 1, 1e-10);
    EXPECT_NEAR(statistics::normal_quantile(row.at("p")), row.at("z").get<double>(), 1e-12);
  }
  EXPECT_NEAR(statistics::two_sided_p(statistics::t_quantile(0.975, 3.7), 3.7), 0.05, 1e-12);
  EXPECT_NEAR(statistics::two_sided_p(-1.959963984540054), 0.05, 1e-12);
}

TEST(IndependentDifference, AgreesWithStatsmodels) {
  for (const auto& row : reference().at("independent")) {
    const auto a = statistics::wilson(row.at("a")[0], row.at("a")[1]);
    const auto b = statistics::wilson(row.at("b")[0], row.at("b")[1]);
    dsx_test::expect_interval(statistics::difference_of_independent(a, b), row.at("interval"));
  }
}

TEST(IndependentDifference, PassesOnWhyThereIsNone) {
  const auto missing = statistics::cannot_estimate("no negative images");
  EXPECT_EQ(statistics::difference_of_independent(statistics::wilson(5, 20), missing).not_estimable,
            "no negative images");
}

TEST(TInterval, IsNotEstimableWithoutSpread) {
  EXPECT_FALSE(statistics::t_interval(0.9, 0, 4, 0.95).estimable());
  EXPECT_FALSE(statistics::t_interval(std::nan(""), 0.1, 4, 0.95).estimable());
  EXPECT_THROW(statistics::t_interval(0.9, 0.1, 4, 95), std::invalid_argument);
}

// Between Student's t and the normal, and each alone where the other has no share.
TEST(Distributions, MixByTheirSharesOfTheVariance) {
  const double t = statistics::t_quantile(0.975, 2), z = statistics::normal_quantile(0.975);
  EXPECT_EQ(statistics::t_quantile(0.975, 2, 1), t);
  EXPECT_EQ(statistics::t_quantile(0.975, 2, 0), z);
  const double q = statistics::t_quantile(0.975, 2, 0.4);
  EXPECT_GT(q, z);
  EXPECT_LT(q, t);
  EXPECT_NEAR(0.4 * statistics::two_sided_p(q, 2) + 0.6 * statistics::two_sided_p(q), 0.05, 1e-12);
  EXPECT_NEAR(statistics::two_sided_p(q, 2, 0.4), 0.05, 1e-12);
  EXPECT_NEAR(statistics::t_quantile(0.025, 2, 0.4), -q, 1e-9);
  EXPECT_THROW(statistics::two_sided_p(1, 2, 1.5), std::invalid_argument);
}

TEST(LogitScale, StaysBetweenZeroAndOne) {
  const auto plain = statistics::t_interval(0.98, 0.02, 4, 0.95);
  const auto e = statistics::on_logit_scale(plain, 0.95);
  EXPECT_GT(plain.high, 1);
  EXPECT_LT(e.high, 1);
  EXPECT_LT(e.low, plain.low);
  EXPECT_EQ(e.se, plain.se);
  const auto perfect = statistics::on_logit_scale(statistics::t_interval(1, 0.02, 4, 0.95), 0.95);
  EXPECT_EQ(perfect.high, 1);
  EXPECT_FALSE(statistics::on_logit_scale(statistics::cannot_estimate("too few"), 0.95).estimable());
}

// The power that a difference of that size really has: P(|T| > t) under the shifted t.
TEST(DetectableDifference, HasItsPower) {
  const auto e = statistics::t_interval(0, 0.02, std::numeric_limits<double>::infinity(), 0.95);
  const double x = statistics::minimum_detectable_difference(e);
  EXPECT_NEAR(x, 0.02 * 2.801585218, 1e-8);
  EXPECT_NEAR(1 - statistics::normal_cdf(1.959963984540054 - x / 0.02), 0.8, 1e-9);
  EXPECT_TRUE(std::isnan(statistics::minimum_detectable_difference(statistics::cannot_estimate("too few"))));
}

TEST(SubjectIds, NumberNamesByFirstOccurrence) {
  const std::string names[] = {"person7", "IM-1", "person7", "person2"};
  EXPECT_EQ(statistics::subject_ids(names), (std::vector<std::uint32_t>{0, 1, 0, 2}));
}

}  // namespace
