#include "study/statistics/calibration.hpp"

#include <cmath>

#include "study/statistics/recalibrate.hpp"
#include "tests/statistics/reference.hpp"

namespace {

using namespace dsx;
using dsx_test::cases;
using dsx_test::kAgreement;

void expect_near(double found, const nlohmann::json& expected, const char* name) {
  EXPECT_NEAR(found, expected.at(name).get<double>(), kAgreement) << name;
}

// Cases without ties: the reference cuts bins without regard to them.
std::vector<dsx_test::Case> calibration_cases() {
  auto all = cases();
  std::erase_if(all, [](const auto& c) { return !c.expected->contains("calibration"); });
  return all;
}

TEST(CalibrationError, AgreesWithNumpyAndScipy) {
  ASSERT_EQ(calibration_cases().size(), 2U);
  for (const auto& c : calibration_cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("calibration");
    const auto found = statistics::calibration_error(c.a, c.positive, expected.at("bins"));
    expect_near(found.plug_in, expected, "plug_in");
    expect_near(found.debiased, expected, "debiased");
    expect_near(found.root_mean_square, expected, "root_mean_square");
    expect_near(found.expected_if_calibrated, expected, "expected_if_calibrated");
    const auto curve = statistics::reliability_curve(c.a, c.positive, expected.at("bins"));
    ASSERT_EQ(curve.bins.size(), expected.at("count").size());
    for (std::size_t k = 0; k < curve.bins.size(); ++k) {
      EXPECT_EQ(curve.bins[k].count, expected.at("count")[k].get<std::size_t>());
      EXPECT_NEAR(curve.bins[k].mean_probability, expected.at("mean_probability")[k].get<double>(),
                  kAgreement);
      EXPECT_NEAR(curve.bins[k].observed.value, expected.at("observed")[k].get<double>(), kAgreement);
      EXPECT_LE(curve.bins[k].observed.low, curve.bins[k].observed.value);
    }
  }
}

// An easy data set: probabilities that are 1 to the last bit, in bins of any size.
TEST(CalibrationError, IsANumberForANetworkWithoutDoubt) {
  for (std::size_t images = 10; images < 200; ++images) {
    std::vector<double> logits(images, -40.0);
    std::vector<std::uint8_t> positive(images);
    logits.resize(2 * images, 40.0);
    positive.resize(2 * images, 1);
    const auto error = statistics::calibration_error(logits, positive, 2);
    EXPECT_NEAR(error.debiased, 0, 1e-12) << images;
    EXPECT_NEAR(error.expected_if_calibrated, 0, 1e-8) << images;
  }
}

TEST(Brier, AgreesWithScikitLearn) {
  for (const auto& c : calibration_cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("calibration");
    const auto brier = statistics::brier_score(c.a, c.positive, expected.at("bins"));
    expect_near(brier.score.value, expected, "brier");
    expect_near(brier.score.se, expected, "brier_se");
    expect_near(statistics::brier_score(c.a, c.positive, 8, c.subject).score.se, expected,
                "brier_se_by_subject");
    expect_near(brier.reliability, expected, "reliability");
    expect_near(brier.resolution, expected, "resolution");
    expect_near(brier.uncertainty, expected, "uncertainty");
    EXPECT_NEAR(brier.reliability - brier.resolution + brier.uncertainty + brier.within_bins,
                brier.score.value, 1e-14);
  }
}

// One probability per bin: Murphy's three terms are the whole score.
TEST(Brier, DecompositionIsExactForConstantBins) {
  std::vector<double> logits;
  std::vector<std::uint8_t> positive;
  for (int i = 0; i < 80; ++i) {
    const int group = i / 20;
    logits.push_back(group - 1.5);
    positive.push_back(i % 20 < 3 + 4 * group ? 1 : 0);
  }
  EXPECT_NEAR(statistics::brier_score(logits, positive, 4).within_bins, 0, 1e-15);
}

TEST(Recalibration, AgreesWithStatsmodels) {
  for (const auto& c : calibration_cases()) {
    SCOPED_TRACE(c.name);
    const auto& expected = c.expected->at("calibration");
    const auto images = statistics::recalibrate(c.a, c.positive),
               subjects = statistics::recalibrate(c.a, c.positive, c.subject);
    expect_near(images.slope.value, expected, "slope");
    expect_near(images.intercept.value, expected, "intercept");
    expect_near(images.slope.se, expected, "slope_se");
    expect_near(images.intercept.se, expected, "intercept_se");
    expect_near(images.slope.p, expected, "slope_p");
    expect_near(images.intercept.p, expected, "intercept_p");
    dsx_test::expect_interval(images.slope, expected.at("slope_interval"));
    expect_near(images.in_the_large.value, expected, "in_the_large");
    expect_near(images.in_the_large.se, expected, "in_the_large_se");
    expect_near(subjects.slope.se, expected, "slope_se_by_subject");
    expect_near(subjects.intercept.se, expected, "intercept_se_by_subject");
    expect_near(subjects.in_the_large.se, expected, "in_the_large_se_by_subject");
  }
}

TEST(Recalibration, ScalesWithTheLogits) {
  auto c = cases().front();
  const auto before = statistics::recalibrate(c.a, c.positive).slope;
  for (auto& x : c.a) x *= 400;  // far beyond exp's range
  const auto after = statistics::recalibrate(c.a, c.positive).slope;
  EXPECT_NEAR(after.value * 400, before.value, 1e-9);
  EXPECT_NEAR(after.se * 400, before.se, 1e-9);
}

TEST(Calibration, SaysWhyItCannotBeEstimated) {
  std::vector<double> logits;
  std::vector<std::uint8_t> positive;
  for (int i = 0; i < 40; ++i) logits.push_back(i - 19.5), positive.push_back(i >= 20);
  const auto fit = statistics::recalibrate(logits, positive);
  EXPECT_EQ(fit.slope.not_estimable, "the classes are perfectly separated: no finite slope");
  EXPECT_TRUE(fit.in_the_large.estimable());
  EXPECT_FALSE(statistics::recalibrate(std::vector<double>(40, 0.5), positive).slope.estimable());
  EXPECT_EQ(statistics::calibration_error(logits, std::vector<std::uint8_t>(40, 1)).not_estimable,
            "no negative images");
  EXPECT_EQ(statistics::reliability_curve(logits, std::vector<std::uint8_t>(40, 0)).not_estimable,
            "no positive images");
  EXPECT_FALSE(
      statistics::brier_score(std::span(logits).first(25), std::span(positive).first(25)).score.estimable());
  logits[0] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(statistics::recalibrate(logits, positive).in_the_large.not_estimable, "a logit is infinite");
}

TEST(Reliability, EqualProbabilitiesShareABin) {
  std::vector<double> logits(50, 0.25);
  std::vector<std::uint8_t> positive(50);
  for (std::size_t i = 0; i < 50; ++i)
    positive[i] = i % 2, logits[i] = i < 30 ? 0.25 : 1.0 + static_cast<double>(i);
  const auto curve = statistics::reliability_curve(logits, positive, 10);
  EXPECT_EQ(curve.bins.front().count, 30U);
  std::size_t all = 0;
  for (const auto& bin : curve.bins) all += bin.count;
  EXPECT_EQ(all, 50U);
  EXPECT_FALSE(curve.bins.back().observed.estimable());  // 5 images
}

}  // namespace
