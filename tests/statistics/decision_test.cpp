#include "study/statistics/decision.hpp"

#include <cmath>
#include <map>

#include "study/statistics/mcnemar.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::cases;
using dsx_test::expect_estimate;
using dsx_test::kAgreement;

std::map<std::string, statistics::Estimate> by_name(const statistics::DecisionMetrics& m) {
  return {{"sensitivity", m.sensitivity},
          {"specificity", m.specificity},
          {"ppv", m.ppv},
          {"npv", m.npv},
          {"accuracy", m.accuracy},
          {"prevalence", m.prevalence},
          {"predicted_positive_rate", m.predicted_positive_rate}};
}

TEST(Decision, AgreesWithScikitLearnAndStatsmodels) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("decisions");
    const auto predicted = statistics::decide(c.a, expected.at("threshold"));
    const auto images = statistics::decision_metrics(predicted, c.positive);
    const auto subjects = statistics::decision_metrics(predicted, c.positive, c.subject);
    for (const auto& [name, estimate] : by_name(images)) {
      SCOPED_TRACE(name);
      expect_estimate(estimate, expected.at("by_image").at(name));
      expect_estimate(by_name(subjects).at(name), expected.at("by_subject").at(name));
    }
    expect_estimate(images.f1, expected.at("f1"));
    expect_estimate(subjects.excess_positive, expected.at("excess_by_subject"));
    const auto& bias = expected.at("bias_ratio");
    EXPECT_NEAR(images.bias_ratio.value, bias.at("value").get<double>(), kAgreement);
    EXPECT_NEAR(images.bias_ratio.se / images.bias_ratio.value, bias.at("log_se").get<double>(), kAgreement);
    EXPECT_NEAR(subjects.bias_ratio.se / subjects.bias_ratio.value,
                bias.at("log_se_by_subject").get<double>(), kAgreement);
    EXPECT_NEAR(std::log(images.bias_ratio.high / images.bias_ratio.low),
                2 * 1.959963984540054 * bias.at("log_se").get<double>(), kAgreement);
    EXPECT_DOUBLE_EQ(images.false_positive_rate.low, 1 - images.specificity.high);
    EXPECT_DOUBLE_EQ(images.false_negative_rate.value, 1 - images.sensitivity.value);
  }
}

// se^2 of the log of a paired ratio: (FP + FN) / ((TP + FP) (TP + FN)).
TEST(Decision, BiasRatioIsThePairedRatio) {
  const auto c = cases().front();
  const auto m = statistics::decision_metrics(statistics::decide(c.a, 0.3), c.positive);
  const auto n = [](std::size_t count) { return static_cast<double>(count); };
  const double square =
      n(m.counts.fp + m.counts.fn) / (n(m.counts.tp + m.counts.fp) * n(m.counts.tp + m.counts.fn));
  EXPECT_NEAR(m.bias_ratio.se / m.bias_ratio.value, std::sqrt(square), 1e-12);
}

TEST(Decision, DifferencesAgreeWithStatsmodels) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto a = statistics::decide(c.a, c.expected->at("thresholds").at("youden")),
               b = statistics::decide(c.b, 0.1);
    const auto d = statistics::decision_differences(a, b, c.positive, c.subject);
    const auto& expected = c.expected->at("paired_by_subject");
    expect_estimate(d.accuracy, expected.at("accuracy"));
    expect_estimate(d.sensitivity, expected.at("sensitivity"));
    expect_estimate(d.specificity, expected.at("specificity"));
    const auto by_image = statistics::decision_differences(a, b, c.positive);
    EXPECT_DOUBLE_EQ(by_image.sensitivity.p, statistics::mcnemar_p(by_image.on_positives));
    EXPECT_DOUBLE_EQ(by_image.specificity.value, d.specificity.value);
    EXPECT_DOUBLE_EQ(by_image.specificity.value,
                     statistics::decision_metrics(a, c.positive).specificity.value -
                         statistics::decision_metrics(b, c.positive).specificity.value);
  }
}

TEST(Decision, PerfectDecisionsHaveAnInterval) {
  std::vector<std::uint8_t> positive(60, 0);
  for (std::size_t i = 0; i < 20; ++i) positive[i] = 1;
  const auto m = statistics::decision_metrics(positive, positive);
  EXPECT_EQ(m.bias_ratio.value, 1);
  EXPECT_LT(m.bias_ratio.low, 0.9);
  EXPECT_GT(m.bias_ratio.high, 1.1);
  EXPECT_EQ(m.f1.value, 1);
  EXPECT_LT(m.f1.low, 0.95);
}

TEST(Decision, TooFewOfAClassGiveNoFigure) {
  std::vector<std::uint8_t> positive(60, 1), predicted(60, 1);
  for (std::size_t i = 0; i < 9; ++i) positive[i] = 0;
  const auto m = statistics::decision_metrics(predicted, positive);
  EXPECT_TRUE(m.sensitivity.estimable());
  for (const auto& e : {m.specificity, m.false_positive_rate, m.accuracy, m.f1, m.ppv, m.npv, m.bias_ratio,
                        m.excess_positive, m.predicted_positive_rate, m.prevalence}) {
    EXPECT_FALSE(e.estimable());
    EXPECT_TRUE(std::isnan(e.value));
  }
  EXPECT_EQ(m.accuracy.not_estimable, "negatives: only 9 images, at least 10 needed");
  const auto d = statistics::decision_differences(predicted, positive, positive);
  EXPECT_FALSE(d.specificity.estimable());
  EXPECT_FALSE(d.accuracy.estimable());
}

TEST(Decision, NothingCalledPositiveHasNoPpv) {
  std::vector<std::uint8_t> positive(60, 0), predicted(60, 0);
  for (std::size_t i = 0; i < 20; ++i) positive[i] = 1;
  const auto m = statistics::decision_metrics(predicted, positive);
  EXPECT_EQ(m.ppv.not_estimable, "no images");
  EXPECT_EQ(m.bias_ratio.not_estimable, "no image is called positive");
  EXPECT_EQ(m.f1.value, 0);
}

}  // namespace
