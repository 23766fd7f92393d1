#include "study/statistics/auc.hpp"

#include <algorithm>
#include <cmath>

#include "study/statistics/curves.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::cases;
using dsx_test::expect_estimate;
using dsx_test::expect_interval;
using dsx_test::kAgreement;
using dsx_test::reference;

void expect_auc(const dsx_test::Case& c, statistics::SubjectIds subjects, const nlohmann::json& expected) {
  const auto logit = statistics::auc_estimate(c.a, c.positive, subjects);
  EXPECT_NEAR(logit.value, expected.at("auc").get<double>(), kAgreement);
  EXPECT_NEAR(logit.se, expected.at("se").get<double>(), kAgreement);
  EXPECT_NEAR(logit.p, expected.at("logit_p").get<double>(), kAgreement);
  expect_interval(logit, expected.at("logit"));
  const auto plain = statistics::auc_estimate(c.a, c.positive, subjects, {}, statistics::AucInterval::plain);
  EXPECT_NEAR(plain.p, expected.at("plain_p").get<double>(), kAgreement);
  expect_interval(plain, expected.at("plain"));
}

TEST(Auc, AgreesWithAllPairs) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    expect_auc(c, {}, c.expected->at("auc"));
    expect_auc(c, c.subject, c.expected->at("auc_by_subject"));
  }
}

TEST(AucDifference, AgreesWithAllPairs) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    expect_estimate(statistics::auc_difference(c.a, c.b, c.positive), c.expected->at("difference"));
    expect_estimate(statistics::auc_difference(c.a, c.b, c.positive, c.subject),
                    c.expected->at("difference_by_subject"));
    const std::vector<double> both[] = {c.a, c.b};
    const auto covariance = statistics::auc_covariance(both, c.positive).covariance;
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(covariance[i], c.expected->at("covariance")[i].get<double>(), kAgreement * 1e-3);
  }
}

TEST(Auc, OneImagePerSubjectIsDeLong) {
  const auto c = cases().front();
  std::vector<std::uint32_t> own(c.a.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::uint32_t>(2 * i);  // gaps are fine
  EXPECT_NEAR(statistics::auc_estimate(c.a, c.positive, own).se, statistics::auc_estimate(c.a, c.positive).se,
              1e-14);
}

TEST(Auc, PerfectSeparationStillHasAnInterval) {
  for (const auto& row : reference().at("perfect")) {
    std::vector<double> scores;
    std::vector<std::uint8_t> positive;
    for (int i = 0; i < row.at("positives").get<int>(); ++i) scores.push_back(10 + i), positive.push_back(1);
    for (int i = 0; i < row.at("negatives").get<int>(); ++i) scores.push_back(-i), positive.push_back(0);
    const auto one = statistics::auc_estimate(scores, positive);
    EXPECT_EQ(one.value, 1);
    EXPECT_EQ(one.high, 1);
    EXPECT_NEAR(one.low, row.at("low").get<double>(), kAgreement);
    for (auto& s : scores) s = -s;
    const auto zero = statistics::auc_estimate(scores, positive);
    EXPECT_EQ(zero.low, 0);
    EXPECT_NEAR(zero.high, row.at("high_of_0").get<double>(), kAgreement);
  }
}

TEST(Auc, DoesNotDependOnTheOrderOfImages) {
  auto c = cases()[1];
  const auto before = statistics::auc_estimate(c.a, c.positive, c.subject);
  std::reverse(c.a.begin(), c.a.end());
  std::reverse(c.positive.begin(), c.positive.end());
  std::reverse(c.subject.begin(), c.subject.end());
  const auto after = statistics::auc_estimate(c.a, c.positive, c.subject);
  EXPECT_NEAR(before.value, after.value, 1e-14);
  EXPECT_NEAR(before.se, after.se, 1e-14);
}

TEST(Auc, SaysWhyItCannotBeEstimated) {
  std::vector<double> scores(30);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<double>(i % 7);
  std::vector<std::uint8_t> positive(30, 1);
  EXPECT_EQ(statistics::auc_estimate(scores, positive).not_estimable, "no negative images");
  for (std::size_t i = 0; i < 9; ++i) positive[i] = 0;
  EXPECT_EQ(statistics::auc_estimate(scores, positive).not_estimable,
            "only 9 negative images, at least 10 needed");
  EXPECT_EQ(statistics::why_not_estimable(scores, positive), "only 9 negative images, at least 10 needed");
  EXPECT_EQ(statistics::why_not_estimable(scores, positive, {}, 9), "");
  EXPECT_TRUE(std::isnan(statistics::auc_estimate(scores, positive).value));
  positive[9] = 0;
  EXPECT_TRUE(statistics::auc_estimate(scores, positive).estimable());
  const std::vector<std::uint32_t> one_subject(30, 4);
  EXPECT_EQ(statistics::auc_estimate(scores, positive, one_subject).not_estimable,
            "only 1 subjects with positive images, at least 10 needed");
  EXPECT_FALSE(statistics::auc_difference(scores, scores, positive).estimable());
  EXPECT_FALSE(statistics::auc_estimate(std::vector<double>(30, 1.0), positive).estimable());
  scores[3] = std::nan("");
  EXPECT_EQ(statistics::auc_estimate(scores, positive).not_estimable, "a score is not a number");
  EXPECT_THROW(statistics::auc_estimate(scores, std::span(positive).first(29)), std::invalid_argument);
}

void expect_same(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], kAgreement);
}

TEST(Curves, AgreeWithScikitLearn) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto roc = statistics::roc_curve(c.a, c.positive);
    expect_same(roc.false_positive_rate, c.expected->at("fpr"));
    expect_same(roc.true_positive_rate, c.expected->at("tpr"));
    const auto pr = statistics::precision_recall_curve(c.a, c.positive);
    // scikit-learn's last points, beyond full recall, are ours too.
    expect_same(pr.recall, c.expected->at("recall"));
    expect_same(pr.precision, c.expected->at("precision"));
    EXPECT_NEAR(pr.average_precision, c.expected->at("average_precision").get<double>(), kAgreement);
    EXPECT_TRUE(std::isinf(roc.threshold.front()));
  }
}

TEST(Curves, InterpolateAlongTheRoc) {
  statistics::RocCurve curve;
  curve.false_positive_rate = {0, 0, 0.5, 1};
  curve.true_positive_rate = {0, 0.4, 0.8, 1};
  EXPECT_DOUBLE_EQ(statistics::true_positive_rate_at(curve, 0), 0.4);
  EXPECT_DOUBLE_EQ(statistics::true_positive_rate_at(curve, 0.25), 0.6);
  EXPECT_DOUBLE_EQ(statistics::true_positive_rate_at(curve, 1), 1);
}

TEST(Curves, OneClassHasNone) {
  const double scores[] = {1, 2, 3};
  const std::uint8_t positive[] = {1, 1, 1};
  EXPECT_TRUE(statistics::roc_curve(scores, positive).threshold.empty());
  EXPECT_EQ(statistics::precision_recall_curve(scores, positive).not_estimable, "no negative images");
}

}  // namespace
