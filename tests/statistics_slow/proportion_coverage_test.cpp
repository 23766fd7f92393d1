#include "study/statistics/decision.hpp"
#include "study/statistics/mcnemar.hpp"
#include "study/statistics/proportion.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace {

using namespace dsx;
using dsx_test::coverage_of;
using dsx_test::expect_at_least;
using dsx_test::expect_coverage;
using dsx_test::random_subjects;

std::size_t binomial(Random& random, std::size_t count, double p) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < count; ++i) hits += random.uniform() < p ? 1 : 0;
  return hits;
}

// Discreteness moves Wilson's coverage by about 0.015 at these sizes (Brown, Cai & DasGupta 2001).
TEST(ProportionCoverage, Wilson) {
  for (const double p : {0.5, 0.8, 0.95})
    expect_coverage(
        coverage_of(20000, p, [p](Random& r) { return statistics::wilson(binomial(r, 150, p), 150); }),
        0.015);
}

TEST(ProportionCoverage, ClopperPearsonNeverFallsShort) {
  for (const double p : {0.5, 0.95, 0.99})
    expect_at_least(
        coverage_of(20000, p, [p](Random& r) { return statistics::clopper_pearson(binomial(r, 60, p), 60); }),
        0);
}

TEST(ProportionCoverage, IndependentDifference) {
  const auto one = [](Random& r) {
    return statistics::difference_of_independent(statistics::wilson(binomial(r, 120, 0.9), 120),
                                                 statistics::wilson(binomial(r, 80, 0.75), 80));
  };
  expect_coverage(coverage_of(20000, 0.15, one), 0.015);
}

// Both answers from one latent per image, so that they agree more than by chance. P(yes): 0.85 and 0.75.
statistics::PairedCounts draw_pair(Random& r, std::size_t count) {
  statistics::PairedCounts c;
  for (std::size_t i = 0; i < count; ++i) {
    const double common = r.uniform();
    const bool shared = r.uniform() < 0.6;
    const bool a = (shared ? common : r.uniform()) < 0.85, b = (shared ? common : r.uniform()) < 0.75;
    ++(a ? (b ? c.both : c.a_only) : (b ? c.b_only : c.neither));
  }
  return c;
}

TEST(ProportionCoverage, PairedTango) {
  expect_coverage(
      coverage_of(20000, 0.1, [](Random& r) { return statistics::paired_difference(draw_pair(r, 150)); }),
      0.01);
}

TEST(ProportionCoverage, PairedNewcombe) {
  const auto one = [](Random& r) {
    return statistics::paired_difference(draw_pair(r, 150), {}, statistics::PairedInterval::newcombe);
  };
  expect_coverage(coverage_of(20000, 0.1, one), 0.02);
}

// Under no difference the exact p is below .05 in at most 5% of repetitions, the mid-p in about 5%.
TEST(ProportionCoverage, McNemarKeepsItsLevel) {
  constexpr int repetitions = 20000;
  int exact = 0, mid = 0;
  for (int i = 0; i < repetitions; ++i) {
    Random r({5, static_cast<std::uint64_t>(i)});
    statistics::PairedCounts c{100, 0, 0, 20};
    c.a_only = binomial(r, 40, 0.5);
    c.b_only = 40 - c.a_only;
    exact += statistics::mcnemar_p(c) < 0.05 ? 1 : 0;
    mid += statistics::mcnemar_p(c, statistics::McNemar::mid_p) < 0.05 ? 1 : 0;
  }
  const double error = 3.5 * std::sqrt(0.05 * 0.95 / repetitions);
  EXPECT_LE(exact, repetitions * (0.05 + error));
  EXPECT_GT(exact, repetitions * 0.01);
  EXPECT_NEAR(mid, repetitions * 0.05, repetitions * (error + 0.015));
}

// Subjects have a share of their own, 0.8 on average, between which images of one subject resemble each
// other.
struct Clustered {
  std::vector<std::uint8_t> hits;
  std::vector<std::uint32_t> subject;
};
Clustered draw_clustered(Random& r, std::uint32_t subjects) {
  Clustered c;
  c.subject = random_subjects(r, subjects);
  std::vector<double> share(subjects);
  for (auto& s : share) s = r.uniform() < 0.7 ? 0.95 : 0.45;
  for (const auto s : c.subject) c.hits.push_back(r.uniform() < share[s] ? 1 : 0);
  return c;
}
constexpr double kClusteredShare = 0.7 * 0.95 + 0.3 * 0.45;

TEST(ProportionCoverage, BySubject) {
  const auto one = [](Random& r) {
    const auto c = draw_clustered(r, 60);
    return statistics::proportion_by_subject(c.hits, c.subject);
  };
  expect_coverage(coverage_of(20000, kClusteredShare, one), 0.006);
}

TEST(ProportionCoverage, IgnoringSubjectsIsSeen) {
  const auto one = [](Random& r) {
    return statistics::proportion_by_subject(draw_clustered(r, 60).hits, {});
  };
  EXPECT_LT(coverage_of(2000, kClusteredShare, one).share(), 0.92);
}

// Two classifiers with subject effects; a is right in 0.8, b in 0.7 of images on average.
TEST(ProportionCoverage, PairedBySubject) {
  for (const std::uint32_t subjects : {25U, 80U}) {
    const auto one = [subjects](Random& r) {
      const auto a = draw_clustered(r, subjects);
      std::vector<double> kept(subjects);
      for (auto& k : kept) k = r.uniform() < 0.5 ? 1 : 0.75;
      std::vector<std::uint8_t> b = a.hits;
      for (std::size_t i = 0; i < b.size(); ++i)
        if (r.uniform() >= kept[a.subject[i]]) b[i] = 0;
      return statistics::paired_difference_by_subject(a.hits, b, a.subject);
    };
    expect_coverage(coverage_of(8000, kClusteredShare * 0.125, one), 0.012);
  }
}

// A split of 200 images: prevalence 0.6, sensitivity 0.9, specificity 0.75.
constexpr double kPrevalence = 0.6, kSensitivity = 0.9, kSpecificity = 0.75;
statistics::DecisionMetrics draw_decisions(Random& r) {
  std::vector<std::uint8_t> predicted, positive;
  for (int i = 0; i < 200; ++i) {
    positive.push_back(r.uniform() < kPrevalence);
    predicted.push_back(r.uniform() < (positive.back() != 0 ? kSensitivity : 1 - kSpecificity));
  }
  return statistics::decision_metrics(predicted, positive);
}

TEST(DecisionCoverage, Ratios) {
  const double tp = kPrevalence * kSensitivity, fn = kPrevalence - tp;
  const double tn = (1 - kPrevalence) * kSpecificity, fp = 1 - kPrevalence - tn;
  struct Row {
    statistics::Estimate statistics::DecisionMetrics::*which;
    double truth;
  };
  const Row rows[] = {{&statistics::DecisionMetrics::ppv, tp / (tp + fp)},
                      {&statistics::DecisionMetrics::npv, tn / (tn + fn)},
                      {&statistics::DecisionMetrics::accuracy, tp + tn},
                      {&statistics::DecisionMetrics::f1, 2 * tp / (2 * tp + fp + fn)},
                      {&statistics::DecisionMetrics::excess_positive, fp - fn},
                      {&statistics::DecisionMetrics::bias_ratio, (tp + fp) / (tp + fn)},
                      {&statistics::DecisionMetrics::predicted_positive_rate, tp + fp},
                      {&statistics::DecisionMetrics::false_negative_rate, 1 - kSensitivity}};
  for (const auto& row : rows)
    expect_coverage(coverage_of(8000, row.truth, [&](Random& r) { return draw_decisions(r).*(row.which); }),
                    0.012);
}

}  // namespace
