#include "study/statistics/bootstrap.hpp"
#include "study/statistics/decision.hpp"
#include "study/statistics/ratio_of_medians.hpp"
#include "study/statistics/weighted.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace {

using namespace dsx;
using dsx_test::Coverage;
using dsx_test::expect_coverage;

// 60 subjects of 1 to 6 images and one class each, half of the variance between subjects.
struct BootstrapDraw {
  std::vector<double> scores;
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subject;
};
constexpr double kShiftOfPositives = 1.3;
BootstrapDraw draw_bootstrap(Random& r) {
  BootstrapDraw d;
  d.subject = dsx_test::random_subjects(r, 60);
  std::vector<double> own(60);
  for (auto& o : own) o = r.normal();
  for (const auto s : d.subject) {
    d.positive.push_back(s % 2);
    d.scores.push_back(kShiftOfPositives * (s % 2) + std::sqrt(0.5) * (own[s] + r.normal()));
  }
  return d;
}

// Many images, half of them positive, threshold in the middle.
double true_average_precision() {
  return dsx_test::normal_mean([](double x) {
    const double positives = statistics::normal_cdf(-x),
                 negatives = statistics::normal_cdf(-x - kShiftOfPositives);
    return positives / (positives + negatives);
  });
}
double true_f1() {
  const double sensitivity = statistics::normal_cdf(kShiftOfPositives / 2);
  return 2 * sensitivity / (2 * sensitivity + 1 - sensitivity + 1 - sensitivity);
}

// Percentile intervals fall short by about 1 / subjects of the variance, and skewness adds to it: 0.02 of
// coverage at 60 subjects. AUC, average precision, F1 and accuracy see the same resamples.
TEST(BootstrapCoverage, BySubject) {
  const double truths[] = {statistics::normal_cdf(kShiftOfPositives / std::sqrt(2.0)),
                           true_average_precision(), true_f1(),
                           statistics::normal_cdf(kShiftOfPositives / 2)};
  Coverage percentile[4], bca[4];
  for (int i = 0; i < 2000; ++i) {
    Random r({7, static_cast<std::uint64_t>(i)});
    const auto d = draw_bootstrap(r);
    const statistics::RankedScores ranked(d.scores, d.positive);
    const auto predicted = statistics::decide(d.scores, kShiftOfPositives / 2);
    const auto strata = statistics::class_strata(d.positive, d.subject);
    const auto sample = statistics::bootstrap_by_subject(
        d.subject, 4,
        [&](auto weights, auto out) {
          const auto counts = statistics::weighted_counts(predicted, d.positive, weights);
          out[0] = ranked.auc(weights);
          out[1] = ranked.average_precision(weights);
          out[2] = counts.f1();
          out[3] = counts.accuracy();
        },
        {.resamples = 600, .seed = static_cast<std::uint64_t>(i), .strata = strata});
    for (std::size_t k = 0; k < 4; ++k) {
      percentile[k].add(statistics::percentile_interval(sample, k), truths[k]);
      bca[k].add(statistics::bca_interval(sample, k), truths[k]);
    }
  }
  for (std::size_t k = 0; k < 4; ++k) {
    SCOPED_TRACE(k);
    expect_coverage(percentile[k], 0.02);
    expect_coverage(bca[k], 0.02);
  }
}

// Images drawn one by one, as if they were independent.
TEST(BootstrapCoverage, IgnoringSubjectsIsSeen) {
  Coverage c;
  for (int i = 0; i < 400; ++i) {
    Random r({7, static_cast<std::uint64_t>(i)});
    const auto d = draw_bootstrap(r);
    const statistics::RankedScores ranked(d.scores, d.positive);
    std::vector<std::uint32_t> own(d.scores.size());
    for (std::size_t k = 0; k < own.size(); ++k) own[k] = static_cast<std::uint32_t>(k);
    const auto sample = statistics::bootstrap_by_subject(
        own, 1, [&](auto weights, auto out) { out[0] = ranked.auc(weights); },
        {.resamples = 400, .jackknife = false});
    c.add(statistics::percentile_interval(sample, 0),
          statistics::normal_cdf(kShiftOfPositives / std::sqrt(2.0)));
  }
  EXPECT_LT(c.share(), 0.88);
}

// Timings: log-normal, medians 1.2 and 1. Percentile intervals of a median are slightly wide (discreteness).
TEST(BootstrapCoverage, RatioOfMedians) {
  const auto one = [](Random& r) {
    std::vector<double> a(80), b(60);
    for (auto& x : a) x = 1.2 * std::exp(0.3 * r.normal());
    for (auto& x : b) x = std::exp(0.4 * r.normal());
    return statistics::ratio_of_medians(a, b, {.resamples = 600});
  };
  expect_coverage(dsx_test::coverage_of(1500, 1.2, one), 0.015);
}

// An autoregression with coefficient 0.7 and 300 samples: blocks of 20 keep what matters of it.
std::vector<double> autoregressive(Random& r, double scale) {
  std::vector<double> samples(300);
  double x = r.normal() / std::sqrt(1 - 0.49);
  for (auto& s : samples) {
    s = scale * std::exp(0.1 * x);
    x = 0.7 * x + r.normal();
  }
  return samples;
}

TEST(BootstrapCoverage, RatioOfMediansInBlocks) {
  const auto in_blocks = [](std::size_t block) {
    return dsx_test::coverage_of(600, 1.2, [block](Random& r) {
      const auto a = autoregressive(r, 1.2), b = autoregressive(r, 1);
      return statistics::ratio_of_medians(a, b, {.resamples = 500, .block = block});
    });
  };
  // Block bootstraps fall short a little at 15 blocks (Lahiri 2003, ch. 7).
  expect_coverage(in_blocks(20), 0.03);
  EXPECT_LT(in_blocks(1).share(), 0.75);
}

}  // namespace
