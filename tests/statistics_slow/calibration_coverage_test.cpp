#include "study/statistics/calibration.hpp"
#include "study/statistics/recalibrate.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace {

using namespace dsx;
using dsx_test::Coverage;
using dsx_test::coverage_of;
using dsx_test::expect_coverage;

double expit(double x) { return 1 / (1 + std::exp(-x)); }

// True log odds are 0.3 + 0.7 * logit, logits normal with standard deviation 1.5. `copies` images per subject
// that show nearly the same (same label, same logit): the subject is the draw.
struct CalibrationDraw {
  std::vector<double> logits;
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subject;
};
constexpr double kIntercept = 0.3, kSlope = 0.7;
CalibrationDraw draw_calibration(Random& r, std::uint32_t subjects, int copies) {
  CalibrationDraw d;
  for (std::uint32_t s = 0; s < subjects; ++s) {
    const double x = 1.5 * r.normal();
    const bool y = r.uniform() < expit(kIntercept + kSlope * x);
    for (int k = 0; k < copies; ++k) d.logits.push_back(x), d.positive.push_back(y), d.subject.push_back(s);
  }
  return d;
}

TEST(CalibrationCoverage, SlopeAndIntercept) {
  Coverage slope, intercept;
  for (int i = 0; i < 6000; ++i) {
    Random r({8, static_cast<std::uint64_t>(i)});
    const auto d = draw_calibration(r, 250, 1);
    const auto fit = statistics::recalibrate(d.logits, d.positive);
    slope.add(fit.slope, kSlope);
    intercept.add(fit.intercept, kIntercept);
  }
  expect_coverage(slope, 0.01);
  expect_coverage(intercept, 0.01);
}

TEST(CalibrationCoverage, SlopeAndInterceptBySubject) {
  Coverage slope, intercept, ignored;
  for (int i = 0; i < 4000; ++i) {
    Random r({9, static_cast<std::uint64_t>(i)});
    const auto d = draw_calibration(r, 150, 3);
    const auto fit = statistics::recalibrate(d.logits, d.positive, d.subject);
    slope.add(fit.slope, kSlope);
    intercept.add(fit.intercept, kIntercept);
    ignored.add(statistics::recalibrate(d.logits, d.positive).slope, kSlope);
  }
  expect_coverage(slope, 0.015);
  expect_coverage(intercept, 0.015);
  EXPECT_LT(ignored.share(), 0.85);
}

// The intercept with the slope fixed at 1, for a model whose only fault is a shift.
TEST(CalibrationCoverage, InTheLarge) {
  const auto one = [](Random& r) {
    CalibrationDraw d = draw_calibration(r, 250, 1);
    for (std::size_t i = 0; i < d.logits.size(); ++i) d.positive[i] = r.uniform() < expit(d.logits[i] - 0.4);
    return statistics::recalibrate(d.logits, d.positive).in_the_large;
  };
  expect_coverage(coverage_of(6000, -0.4, one), 0.01);
}

TEST(CalibrationCoverage, Brier) {
  const double truth = dsx_test::normal_mean([](double z) {
    const double said = expit(1.5 * z), is = expit(kIntercept + kSlope * 1.5 * z);
    return is * (1 - said) * (1 - said) + (1 - is) * said * said;
  });
  expect_coverage(coverage_of(6000, truth,
                              [](Random& r) {
                                const auto d = draw_calibration(r, 200, 1);
                                return statistics::brier_score(d.logits, d.positive).score;
                              }),
                  0.01);
  expect_coverage(coverage_of(4000, truth,
                              [](Random& r) {
                                const auto d = draw_calibration(r, 100, 3);
                                return statistics::brier_score(d.logits, d.positive, 10, d.subject).score;
                              }),
                  0.015);
}

// A perfectly calibrated model: each bin's interval covers its mean probability.
TEST(CalibrationCoverage, ReliabilityBins) {
  Coverage c;
  for (int i = 0; i < 600; ++i) {
    Random r({10, static_cast<std::uint64_t>(i)});
    CalibrationDraw d = draw_calibration(r, 400, 1);
    for (std::size_t k = 0; k < d.logits.size(); ++k) d.positive[k] = r.uniform() < expit(d.logits[k]);
    for (const auto& bin : statistics::reliability_curve(d.logits, d.positive, 8).bins)
      c.add(bin.observed, bin.mean_probability);
  }
  expect_coverage(c, 0.01);
}

// The plug-in error is too large by chance alone; the corrections take it back. Truth: means over 8 bins of
// equal mass.
TEST(CalibrationBias, IsRemoved) {
  Random large({11});
  const auto many = draw_calibration(large, 400000, 1);
  const auto truth = statistics::calibration_error(many.logits, many.positive, 8);
  double plug_in = 0, debiased = 0, square = 0, chance = 0, found_by_chance = 0;
  constexpr int repetitions = 1500;
  for (int i = 0; i < repetitions; ++i) {
    Random r({12, static_cast<std::uint64_t>(i)});
    CalibrationDraw d = draw_calibration(r, 200, 1);
    const auto found = statistics::calibration_error(d.logits, d.positive, 8);
    plug_in += found.plug_in / repetitions;
    debiased += found.debiased / repetitions;
    square += found.root_mean_square * found.root_mean_square / repetitions;
    for (std::size_t k = 0; k < d.logits.size(); ++k) d.positive[k] = r.uniform() < expit(d.logits[k]);
    const auto calibrated = statistics::calibration_error(d.logits, d.positive, 8);
    found_by_chance += calibrated.plug_in / repetitions;
    chance += calibrated.expected_if_calibrated / repetitions;
  }
  EXPECT_GT(plug_in - truth.plug_in, 0.012);
  EXPECT_LT(std::abs(debiased - truth.plug_in), 0.5 * (plug_in - truth.plug_in));
  // The correction of the square is exact but for the root being cut at 0.
  EXPECT_NEAR(square / (truth.root_mean_square * truth.root_mean_square), 1, 0.1);
  EXPECT_NEAR(chance / found_by_chance, 1, 0.03);
}

}  // namespace
