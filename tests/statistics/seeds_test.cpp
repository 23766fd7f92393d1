#include "study/statistics/seeds.hpp"

#include <cmath>
#include <numeric>

#include "study/statistics/auc.hpp"
#include "study/statistics/bootstrap.hpp"
#include "study/statistics/equivalence.hpp"
#include "study/statistics/regression.hpp"
#include "study/statistics/weighted.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::expect_interval;
using dsx_test::kAgreement;
using dsx_test::reference;

std::vector<double> values_in(const nlohmann::json& list) { return list.get<std::vector<double>>(); }

TEST(Seeds, AgreeWithObuchowskiRockette) {
  const auto& r = reference().at("seeds");
  const auto s =
      statistics::combine_seeds(values_in(r.at("figures")), values_in(r.at("covariance")), {.null = 0.85});
  const auto near = [&](double found, const char* name) {
    EXPECT_NEAR(found, r.at(name).get<double>(), kAgreement) << name;
  };
  near(s.mean.value, "mean");
  near(s.mean.se, "se");
  near(s.mean.df, "df");
  near(s.mean.t_share, "t_share");
  near(s.mean.p, "p_against_0.85");
  near(s.mean_these_images.p, "p_these_images");
  near(s.seed_sd, "seed_sd");
  near(s.image_sd, "image_sd");
  near(s.shared_image_sd, "shared_image_sd");
  near(statistics::minimum_detectable_difference(s.mean), "detectable");
  expect_interval(s.mean, r.at("interval"));
  expect_interval(s.mean_these_images, r.at("these_images"));
  const auto logit = statistics::combine_seeds(values_in(r.at("figures")), values_in(r.at("covariance")),
                                               {.null = 0.85, .scale = statistics::SeedScale::logit});
  expect_interval(logit.mean, r.at("logit_interval"));
  EXPECT_NEAR(logit.mean.p, r.at("logit_p_against_0.85").get<double>(), kAgreement);
  const auto few = statistics::combine_seeds(values_in(r.at("figures")), values_in(r.at("covariance")),
                                             {.null = 0.85, .image_df = 59});
  expect_interval(few.mean, r.at("interval_of_60_subjects"));
  EXPECT_NEAR(few.mean.p, r.at("p_of_60_subjects").get<double>(), kAgreement);
}

TEST(Seeds, MeanCovarianceAgreesWithStatsmodels) {
  const auto& r = reference().at("image_means");
  const auto c = dsx_test::cases()[2];
  const std::vector<double> columns[] = {c.a, c.b};
  const auto check = [&](const statistics::MeanCovariance& found, const char* expected) {
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(found.mean[i], values_in(r.at("mean"))[i], kAgreement);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(found.covariance[i], values_in(r.at(expected))[i], 1e-10) << expected << i;
  };
  check(statistics::mean_covariance(columns, c.subject), "by_subject");
  check(statistics::mean_covariance(columns), "by_image");
  EXPECT_THROW(statistics::mean_covariance({}), std::invalid_argument);
  const std::vector<double> one_image[] = {{1.0}};
  EXPECT_THROW(statistics::mean_covariance(one_image), std::invalid_argument);
}

TEST(Equivalence, AgreesWithStatsmodels) {
  const auto& r = reference().at("seeds").at("equivalence");
  const auto d = statistics::combine_seeds(values_in(r.at("differences")), std::vector<double>(25, 0.0)).mean;
  const double margin = r.at("margin");
  // statsmodels tests each side at alpha, we at alpha / 2.
  EXPECT_NEAR(statistics::equivalence_p(d, margin), 2 * r.at("p").get<double>(), kAgreement);
  EXPECT_NEAR(statistics::not_worse_p(d, margin), 2 * r.at("not_below_p").get<double>(), kAgreement);
  auto other = d;
  other.value = -d.value;
  EXPECT_NEAR(statistics::not_worse_p(other, margin), 2 * r.at("not_above_p").get<double>(), kAgreement);
}

TEST(Equivalence, KnowsBothPartsOfTheVariance) {
  const auto& r = reference().at("seeds");
  auto s = statistics::combine_seeds(values_in(r.at("figures")), values_in(r.at("covariance"))).mean;
  s.value -= 0.9;
  EXPECT_NEAR(statistics::not_worse_p(s, r.at("mixture_margin")),
              2 * r.at("mixture_not_worse_p").get<double>(), kAgreement);
  EXPECT_TRUE(std::isnan(statistics::equivalence_p(statistics::cannot_estimate("too few"), 0.01)));
  EXPECT_THROW(statistics::not_worse_p(s, -0.01), std::invalid_argument);
}

// At most .05 exactly where the shown interval, of 95%, lies within the margin.
TEST(Equivalence, IsTheIntervalWithinTheMargin) {
  const auto at = [](double value) { return statistics::t_interval(value, 0.01, 4, 0.95, 0, 0.3, 59); };
  const double half = at(0).high, margin = 0.03;
  EXPECT_NEAR(statistics::equivalence_p(at(margin - half), margin), 0.05, 1e-9);
  EXPECT_LT(statistics::equivalence_p(at(margin - half - 1e-4), margin), 0.05);
  EXPECT_GT(statistics::equivalence_p(at(margin - half + 1e-4), margin), 0.05);
  EXPECT_NEAR(statistics::not_worse_p(at(half - margin), margin), 0.05, 1e-9);
  EXPECT_EQ(statistics::equivalence_p(at(margin), margin), 1);
}

TEST(Seeds, SharedImagesDoNotAverageOut) {
  const std::vector<double> figures = {0.90, 0.91, 0.92, 0.90, 0.91};
  const std::vector<double> shared(25, 4e-4);  // all seeds make the same errors on the same images
  const auto s = statistics::combine_seeds(figures, shared);
  EXPECT_GT(s.mean.se, 0.02);  // not below the images' own 0.02
  EXPECT_LT(s.mean_these_images.se, 0.005);
  const auto none = statistics::combine_seeds(figures, std::vector<double>(25, 0.0));
  EXPECT_DOUBLE_EQ(none.mean.se, none.mean_these_images.se);
  EXPECT_DOUBLE_EQ(none.mean.df, 4);
}

TEST(Seeds, OneSeedOrAGapIsNotEstimable) {
  const std::vector<double> one = {0.9}, variance = {4e-4};
  const auto s = statistics::combine_seeds(one, variance);
  EXPECT_EQ(s.mean.not_estimable, "one seed shows no spread over seeds");
  EXPECT_NEAR(s.image_sd, 0.02, 1e-15);
  const std::vector<double> gap = {0.9, statistics::kNotEstimable};
  EXPECT_EQ(statistics::combine_seeds(gap, std::vector<double>(4, 1e-4)).mean.not_estimable,
            "seed 2 of the list has no figure");
  EXPECT_FALSE(statistics::combine_seeds(std::vector<double>(2, 0.9),
                                         std::vector<double>(4, statistics::kNotEstimable))
                   .mean.estimable());
  EXPECT_FALSE(statistics::combine_seeds({}, {}).mean.estimable());
  EXPECT_THROW(statistics::combine_seeds(one, std::vector<double>(4)), std::invalid_argument);
}

TEST(Seeds, DifferenceCovarianceIsThatOfTheDifferences) {
  const auto c = dsx_test::cases()[2];
  std::vector<double> noisy_a = c.a, noisy_b = c.b;
  for (std::size_t i = 0; i < c.a.size(); ++i)
    noisy_a[i] += std::sin(static_cast<double>(i)), noisy_b[i] -= std::cos(3.0 * static_cast<double>(i));
  const std::vector<double> scores[] = {c.a, noisy_a, c.b, noisy_b};
  const auto difference =
      statistics::difference_covariance(statistics::auc_covariance(scores, c.positive, c.subject).covariance);
  const double se = statistics::auc_difference(noisy_a, noisy_b, c.positive, c.subject).se;
  EXPECT_NEAR(difference[3], se * se, 1e-15);
  EXPECT_NEAR(difference[1], difference[2], 1e-15);
  EXPECT_THROW(statistics::difference_covariance(std::vector<double>(9)), std::invalid_argument);
}

// A bootstrap's covariance and DeLong's lead to nearly the same interval.
TEST(Seeds, BootstrapAndDeLongAgree) {
  const auto c = dsx_test::cases()[2];
  std::vector<statistics::RankedScores> seeds;
  std::vector<std::vector<double>> scores;
  for (int s = 0; s < 5; ++s) {
    scores.push_back(c.a);
    for (std::size_t i = 0; i < c.a.size(); ++i)
      scores.back()[i] += (0.3 + 0.3 * s) * std::sin(static_cast<double>(i) * (s + 2.7));
    seeds.emplace_back(scores.back(), c.positive);
  }
  const auto sample = statistics::bootstrap_by_subject(c.subject, 5, [&](auto weights, auto out) {
    for (std::size_t s = 0; s < 5; ++s) out[s] = seeds[s].auc(weights);
  });
  std::vector<std::size_t> all(5);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto drawn =
      statistics::combine_seeds(sample.observed, statistics::replicate_covariance(sample, all));
  const auto covariance = statistics::auc_covariance(scores, c.positive, c.subject);
  const auto summary = statistics::combine_seeds(covariance.auc, covariance.covariance);
  EXPECT_NEAR(drawn.mean.value, summary.mean.value, 1e-12);
  EXPECT_NEAR(drawn.mean.se / summary.mean.se, 1, 0.1);
  EXPECT_GT(drawn.mean.se, drawn.mean_these_images.se);
}

TEST(Slope, AgreesWithStatsmodels) {
  const auto& r = reference().at("regression");
  const auto x = values_in(r.at("x")), a = values_in(r.at("a")), b = values_in(r.at("b"));
  const auto block = r.at("block").get<std::vector<std::uint32_t>>();
  const auto check = [](const statistics::Estimate& e, const nlohmann::json& expected) {
    EXPECT_NEAR(e.value, expected.at("slope").get<double>(), kAgreement);
    EXPECT_NEAR(e.se, expected.at("se").get<double>(), kAgreement);
    EXPECT_NEAR(e.df, expected.at("df").get<double>(), kAgreement);
    EXPECT_NEAR(e.p, expected.at("p").get<double>(), kAgreement);
    expect_interval(e, expected.at("interval"));
  };
  check(statistics::slope_with_blocks(x, a, block), r.at("slope"));
  check(statistics::slope_difference(x, a, b, block), r.at("difference"));
  auto gap = a;
  gap[r.at("missing").get<std::size_t>()] = statistics::kNotEstimable;
  check(statistics::slope_with_blocks(x, gap, block), r.at("slope_with_missing"));
  EXPECT_NEAR(statistics::slopes_by_block(x, a, block).at(2), r.at("slope_of_block_2").get<double>(),
              kAgreement);
}

TEST(Slope, SaysWhyThereIsNone) {
  const std::vector<double> x = {0, 0.1, 0, 0.1}, same(4, 0.2), y = {1, 2, 1, 3};
  const std::vector<std::uint32_t> block = {0, 0, 1, 1}, alone = {0, 1, 2, 3};
  EXPECT_TRUE(statistics::slope_with_blocks(x, y, block).estimable());
  EXPECT_EQ(statistics::slope_with_blocks(same, y, block).not_estimable,
            "a slope needs at least two levels within a seed");
  EXPECT_FALSE(statistics::slope_with_blocks(x, y, alone).estimable());
  const std::vector<std::uint32_t> first(2, 0);
  EXPECT_EQ(statistics::slope_with_blocks(std::span(x).first(2), std::span(y).first(2), first).not_estimable,
            "too few points for a slope with an interval");
}

}  // namespace
