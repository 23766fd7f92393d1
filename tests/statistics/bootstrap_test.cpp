#include "study/statistics/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "study/statistics/curves.hpp"
#include "study/statistics/decision.hpp"
#include "study/statistics/ratio_of_medians.hpp"
#include "study/statistics/weighted.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::cases;
using dsx_test::expect_interval;
using dsx_test::kAgreement;
using dsx_test::reference;

std::vector<double> values(const nlohmann::json& list) { return list.get<std::vector<double>>(); }
double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

TEST(Weighted, AgreesWithScikitLearn) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("weighted");
    const auto weights = values(expected.at("weights"));
    const statistics::RankedScores ranked(c.a, c.positive);
    EXPECT_NEAR(ranked.auc(weights), expected.at("auc").get<double>(), kAgreement);
    EXPECT_NEAR(ranked.average_precision(weights), expected.at("average_precision").get<double>(),
                kAgreement);
    const auto counts = statistics::weighted_counts(
        statistics::decide(c.a, c.expected->at("thresholds").at("youden")), c.positive, weights);
    EXPECT_NEAR(counts.accuracy(), expected.at("accuracy").get<double>(), kAgreement);
    EXPECT_NEAR(counts.f1(), expected.at("f1").get<double>(), kAgreement);
    EXPECT_NEAR(counts.ppv(), expected.at("ppv").get<double>(), kAgreement);
  }
}

TEST(Weighted, OneClassWithoutWeightIsUndefined) {
  const auto c = cases().front();
  std::vector<double> weights(c.a.size());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = c.positive[i];
  EXPECT_TRUE(std::isnan(statistics::RankedScores(c.a, c.positive).auc(weights)));
  EXPECT_TRUE(std::isnan(statistics::RankedScores(c.a, c.positive).average_precision(weights)));
  EXPECT_TRUE(std::isnan(statistics::weighted_counts(c.positive, c.positive, weights).specificity()));
}

// The interval from given replicates and jackknife values is SciPy's.
TEST(Bootstrap, IntervalsAgreeWithScipy) {
  const auto& one = reference().at("bootstrap").at("one");
  statistics::BootstrapSample sample{
      1, {mean(values(one.at("x")))}, values(one.at("replicates")), values(one.at("jackknife")), {}};
  sample.jackknife_stratum.assign(sample.jackknife.size(), 0);
  expect_interval(statistics::bca_interval(sample, 0), one.at("bca"));
  expect_interval(statistics::percentile_interval(sample, 0), one.at("percentile"));
  EXPECT_NEAR(statistics::bca_interval(sample, 0).se, one.at("se").get<double>(), kAgreement);
}

TEST(Bootstrap, StrataAgreeWithScipysTwoSamples) {
  const auto& two = reference().at("bootstrap").at("two");
  const auto x = values(two.at("x")), y = values(two.at("y"));
  statistics::BootstrapSample sample{
      1, {mean(x) - mean(y)}, values(two.at("replicates")), values(two.at("jackknife")), {}};
  sample.jackknife_stratum.assign(x.size(), 0);
  sample.jackknife_stratum.resize(x.size() + y.size(), 1);
  expect_interval(statistics::bca_interval(sample, 0), two.at("bca"));
}

// 20,000 resamples on either side. The standard error of a quantile q of B normal replicates is
// se * sqrt(q (1 - q) / B) / density, about se * 0.019 at 2.5%; four times the root of two of that is 0.11
// se.
TEST(Bootstrap, BySubjectAgreesWithCopyingImages) {
  const auto c = cases()[2];
  const auto& expected = reference().at("bootstrap").at("by_subject");
  const statistics::RankedScores ranked(c.a, c.positive);
  const auto sample = statistics::bootstrap_by_subject(
      c.subject, 1, [&](auto weights, auto out) { out[0] = ranked.average_precision(weights); },
      {.resamples = 20000, .seed = 3});
  const auto e = statistics::percentile_interval(sample, 0);
  const double se = expected.at("se");
  EXPECT_NEAR(e.value, c.expected->at("average_precision").get<double>(), kAgreement);
  EXPECT_NEAR(e.se, se, 0.03 * se);
  EXPECT_NEAR(e.low, expected.at("quantiles")[0].get<double>(), 0.11 * se);
  EXPECT_NEAR(e.high, expected.at("quantiles")[2].get<double>(), 0.11 * se);
}

TEST(Bootstrap, SameSeedSameFiguresAndPaired) {
  const auto c = cases()[2];
  const statistics::RankedScores a(c.a, c.positive), b(c.b, c.positive);
  const statistics::WeightedStatistics both = [&](auto weights, auto out) {
    out[0] = a.auc(weights);
    out[1] = b.auc(weights);
    out[2] = out[0] - out[1];
  };
  const auto first = statistics::bootstrap_by_subject(c.subject, 3, both, {.resamples = 200, .seed = 9});
  const auto second = statistics::bootstrap_by_subject(c.subject, 3, both, {.resamples = 200, .seed = 9});
  const auto other = statistics::bootstrap_by_subject(c.subject, 3, both, {.resamples = 200, .seed = 10});
  EXPECT_EQ(first.replicates, second.replicates);
  EXPECT_NE(first.replicates, other.replicates);
  // Paired: the difference's spread is what the covariance says.
  const std::size_t chosen[] = {0, 1};
  const auto covariance = statistics::replicate_covariance(first, chosen);
  const double se = statistics::percentile_interval(first, 2).se;
  EXPECT_NEAR(se * se, covariance[0] + covariance[3] - 2 * covariance[1], 1e-12);
  EXPECT_GT(covariance[1], 0);
}

// The bootstrap's covariance of two AUCs is Obuchowski's up to sampling error: two methods, one quantity.
TEST(Bootstrap, CovarianceAgreesWithObuchowski) {
  const auto c = cases()[2];
  const statistics::RankedScores a(c.a, c.positive), b(c.b, c.positive);
  const auto sample = statistics::bootstrap_by_subject(
      c.subject, 2, [&](auto weights, auto out) { out[0] = a.auc(weights), out[1] = b.auc(weights); },
      {.resamples = 4000, .jackknife = false});
  const std::size_t chosen[] = {0, 1};
  const auto found = statistics::replicate_covariance(sample, chosen);
  const std::vector<double> scores[] = {c.a, c.b};
  const auto expected = statistics::auc_covariance(scores, c.positive, c.subject).covariance;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i] / expected[i], 1, 0.2);
}

TEST(Bootstrap, DrawsWholeSubjectsWithinStrata) {
  const auto c = cases()[2];
  const auto strata = statistics::class_strata(c.positive, c.subject);
  std::vector<double> expected(3);
  std::vector<std::uint32_t> seen(c.subject.begin(), c.subject.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const auto s : seen) ++expected[strata[s]];
  int checked = 0;
  statistics::bootstrap_by_subject(
      c.subject, 1,
      [&](std::span<const double> weights, std::span<double> out) {
        std::vector<double> times(strata.size(), -1), drawn(3);
        for (std::size_t i = 0; i < weights.size(); ++i) {
          auto& t = times[c.subject[i]];
          ASSERT_TRUE(t < 0 || t == weights[i]);  // all images of a subject count alike
          t = weights[i];
        }
        for (const auto s : seen) drawn[strata[s]] += times[s];
        ASSERT_EQ(drawn, expected);
        out[0] = 0;
        ++checked;
      },
      {.resamples = 50, .strata = strata, .jackknife = false});
  EXPECT_EQ(checked, 51);
}

TEST(Bootstrap, PInvertsTheInterval) {
  const auto c = cases()[2];
  const statistics::RankedScores a(c.a, c.positive), b(c.b, c.positive);
  const auto sample = statistics::bootstrap_by_subject(
      c.subject, 1, [&](auto weights, auto out) { out[0] = a.auc(weights) - b.auc(weights); });
  const auto e = statistics::bca_interval(sample, 0, 0.95);
  EXPECT_NEAR(statistics::bca_interval(sample, 0, 0.95, e.low).p, 0.05, 0.003);
  EXPECT_NEAR(statistics::bca_interval(sample, 0, 0.95, e.high).p, 0.05, 0.003);
  EXPECT_NEAR(
      statistics::percentile_interval(sample, 0, 0.95, statistics::percentile_interval(sample, 0).low).p,
      0.05, 0.003);
}

TEST(Bootstrap, UndefinedReplicatesAreCountedOrRefused) {
  statistics::BootstrapSample sample{1, {0.5}, std::vector<double>(1000, 0.5), {}, {}};
  for (std::size_t i = 0; i < 1000; ++i) sample.replicates[i] = static_cast<double>(i) / 1000;
  for (std::size_t i = 0; i < 10; ++i) sample.replicates[i] = statistics::kNotEstimable;
  EXPECT_EQ(statistics::percentile_interval(sample, 0).method,
            "bootstrap, percentile (10 undefined resamples left out)");
  sample.replicates[10] = statistics::kNotEstimable;
  EXPECT_EQ(statistics::percentile_interval(sample, 0).not_estimable, "not defined in 11 of 1000 resamples");
  sample.observed[0] = statistics::kNotEstimable;
  EXPECT_FALSE(statistics::percentile_interval(sample, 0).estimable());
  EXPECT_THROW(statistics::bca_interval(sample, 0), std::invalid_argument);
  EXPECT_THROW(statistics::percentile_interval(sample, 1), std::invalid_argument);
}

TEST(RatioOfMedians, AgreesWithScipy) {
  const auto& expected = reference().at("bootstrap").at("medians");
  const auto a = values(expected.at("a")), b = values(expected.at("b"));
  const auto e = statistics::ratio_of_medians(a, b, {.resamples = 20000});
  const double se = expected.at("se");
  EXPECT_NEAR(e.se, se, 0.03 * se);
  expect_interval(e, expected.at("interval"), 0.15 * se);
  EXPECT_LT(e.p, 0.05);
  const auto scaled = statistics::ratio_of_medians(a, a);
  EXPECT_EQ(scaled.value, 1);
  EXPECT_GT(scaled.p, 0.5);
}

TEST(RatioOfMedians, BlocksKeepDrift) {
  // Samples that drift slowly: neighbours are alike, so that few of them are independent.
  std::vector<double> a, b;
  for (int i = 0; i < 400; ++i)
    a.push_back(10 + std::sin(i / 30.0)), b.push_back(10 + std::sin(i / 30.0 + 1));
  const auto independent = statistics::ratio_of_medians(a, b),
             blocks = statistics::ratio_of_medians(a, b, {.block = 50});
  EXPECT_GT(blocks.high - blocks.low, 2 * (independent.high - independent.low));
  // The same drift in both, side by side, cancels.
  const auto paired = statistics::ratio_of_medians(a, a, {.block = 50, .paired = true});
  EXPECT_EQ(paired.low, 1);
  EXPECT_EQ(paired.high, 1);
}

TEST(RatioOfMedians, RefusesTooLittleAndNonsense) {
  const std::vector<double> few(9, 1.0), some(12, 1.0), zero(12, 0.0);
  EXPECT_EQ(statistics::ratio_of_medians(few, some).not_estimable, "only 9 samples, at least 10 needed");
  EXPECT_EQ(statistics::ratio_of_medians(some, some, {.block = 7}).not_estimable,
            "fewer than two blocks of samples");
  EXPECT_THROW(statistics::ratio_of_medians(some, zero), std::invalid_argument);
  EXPECT_THROW(statistics::ratio_of_medians(few, some, {.paired = true}), std::invalid_argument);
}

}  // namespace
