// Several seeds judged on the same images: does the interval cover the mean over all seeds and all images?
#include <numeric>

#include "study/statistics/auc.hpp"
#include "study/statistics/regression.hpp"
#include "study/statistics/seeds.hpp"
#include "study/statistics/weighted.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace {

using namespace dsx;
using dsx_test::Coverage;
using dsx_test::coverage_of;
using dsx_test::expect_at_least;
using dsx_test::expect_coverage;

constexpr std::size_t kSeeds = 5;
constexpr double kSeedsShift = 1.5;

// Scores of kSeeds networks: each image is hard or easy for all of them (`common` of the variance), each
// network is good or bad (standard deviation `seed_sd` of its shift).
struct SeedsDraw {
  std::vector<std::vector<double>> scores;
  std::vector<std::uint8_t> positive;
};
SeedsDraw draw_seeds(Random& r, double shift, double seed_sd, double common, int images = 160) {
  SeedsDraw d;
  std::vector<double> hard;
  for (int i = 0; i < images; ++i) d.positive.push_back(i % 2 == 1 ? 1 : 0), hard.push_back(r.normal());
  for (std::size_t s = 0; s < kSeeds; ++s) {
    const double own = shift + seed_sd * r.normal();
    d.scores.emplace_back();
    for (std::size_t i = 0; i < hard.size(); ++i)
      d.scores.back().push_back(own * d.positive[i] + std::sqrt(common) * hard[i] +
                                std::sqrt(1 - common) * r.normal());
  }
  return d;
}

// Mean over seeds of Phi((shift + seed_sd z) / sqrt(2)).
double true_auc(double shift, double seed_sd) {
  return statistics::normal_cdf(shift / std::sqrt(2 + seed_sd * seed_sd));
}

statistics::SeedSummary summary_of(const SeedsDraw& d) {
  const auto c = statistics::auc_covariance(d.scores, d.positive);
  return statistics::combine_seeds(c.auc, c.covariance);
}

TEST(SeedsCoverage, NewSeedsAndNewImages) {
  for (const double seed_sd : {0.05, 0.3})
    for (const double common : {0.3, 0.8}) {
      const auto one = [&](Random& r) {
        return summary_of(draw_seeds(r, kSeedsShift, seed_sd, common)).mean;
      };
      expect_coverage(coverage_of(4000, true_auc(kSeedsShift, seed_sd), one), 0.02);
    }
}

// The formula alone, on normal figures with a known covariance: no AUC, no skewness. With 3 seeds it
// covers 92.3% in the worst case (a small MS by chance lends too many degrees of freedom), with 5 it is
// within a point.
statistics::Estimate combined_normal(Random& r, std::size_t seeds, double seed_sd, double shared_sd,
                                     bool with_t = true) {
  std::vector<double> figures(seeds), covariance(seeds * seeds, shared_sd * shared_sd);
  const double images = shared_sd * r.normal();
  for (std::size_t s = 0; s < seeds; ++s) {
    figures[s] =
        images + seed_sd * r.normal() + r.normal();  // 1: variance of what images do in each seed alone
    covariance[s * seeds + s] += 1;
  }
  const auto mean = statistics::combine_seeds(figures, covariance).mean;
  return with_t ? mean
                : statistics::t_interval(mean.value, mean.se, std::numeric_limits<double>::infinity(), 0.95);
}

TEST(SeedsCoverage, NormalFigures) {
  for (const std::size_t seeds : {3U, 5U, 10U})
    for (const double seed_sd : {0.0, 2.0})
      for (const double shared_sd : {0.0, 0.5, 2.0}) {
        const auto one = [&](Random& r) { return combined_normal(r, seeds, seed_sd, shared_sd); };
        expect_coverage(coverage_of(10000, 0, one), seeds == 3 ? 0.022 : 0.01);
      }
}

TEST(SeedsCoverage, ForgettingTheDegreesOfFreedomIsSeen) {
  EXPECT_LT(coverage_of(4000, 0, [](Random& r) { return combined_normal(r, 5, 2, 0.5, false); }).share(),
            0.92);
}

// The usual mean +- t * sd / sqrt(S) forgets that all seeds saw the same images.
TEST(SeedsCoverage, IgnoringSharedImagesIsSeen) {
  const auto one = [](Random& r) {
    return summary_of(draw_seeds(r, kSeedsShift, 0.05, 0.8)).mean_these_images;
  };
  EXPECT_LT(coverage_of(800, true_auc(kSeedsShift, 0.05), one).share(), 0.75);
}

// DeLong on one seed forgets that another seed would have come out differently.
TEST(SeedsCoverage, IgnoringSeedsIsSeen) {
  const auto one = [](Random& r) {
    const auto d = draw_seeds(r, kSeedsShift, 0.5, 0.3, 200);
    return statistics::auc_estimate(d.scores[0], d.positive);
  };
  EXPECT_LT(coverage_of(800, true_auc(kSeedsShift, 0.5), one).share(), 0.75);
}

// Differences between two variants, each trained from the same seeds, on the same images.
TEST(SeedsCoverage, PairedDifference) {
  const auto one = [](Random& r) {
    SeedsDraw d = draw_seeds(r, kSeedsShift, 0.2, 0.5);
    for (std::size_t s = 0; s < kSeeds;
         ++s) {  // variant b: the same, disturbed, and worse by a seed's own amount
      const double worse = 0.3 + 0.1 * r.normal();
      d.scores.push_back(d.scores[s]);
      for (std::size_t i = 0; i < d.positive.size(); ++i)
        d.scores.back()[i] += 0.5 * r.normal() - worse * d.positive[i];
    }
    const auto c = statistics::auc_covariance(d.scores, d.positive);
    std::vector<double> difference;
    for (std::size_t s = 0; s < kSeeds; ++s) difference.push_back(c.auc[s] - c.auc[kSeeds + s]);
    return statistics::combine_seeds(difference, statistics::difference_covariance(c.covariance)).mean;
  };
  // b's shift has mean 1.2 and variance 0.04 + 0.01; its scores have variance 1.25.
  const double truth =
      true_auc(kSeedsShift, 0.2) - statistics::normal_cdf((kSeedsShift - 0.3) / std::sqrt(2 * 1.25 + 0.05));
  expect_coverage(coverage_of(4000, truth, one), 0.02);
}

// Covers at least; more where images and seeds interact (Owen 2007).
TEST(SeedsCoverage, CrossedBootstrap) {
  std::vector<std::size_t> all(kSeeds);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto one = [&](Random& r) {
    const auto d = draw_seeds(r, kSeedsShift, 0.2, 0.6);
    std::vector<statistics::RankedScores> ranked;
    for (const auto& s : d.scores) ranked.emplace_back(s, d.positive);
    std::vector<std::uint32_t> own(d.positive.size());
    std::iota(own.begin(), own.end(), 0U);
    const auto sample = statistics::bootstrap_by_subject(
        own, kSeeds,
        [&](auto weights, auto out) {
          for (std::size_t s = 0; s < kSeeds; ++s) out[s] = ranked[s].auc(weights);
        },
        {.resamples = 400, .strata = statistics::class_strata(d.positive, own), .jackknife = false});
    return statistics::crossed_bootstrap(sample, all);
  };
  expect_at_least(coverage_of(500, true_auc(kSeedsShift, 0.2), one), 0.01);
}

TEST(SeedsSpread, SeparatesSeedsFromImages) {
  double seed_variance = 0, image_variance = 0;
  constexpr int repetitions = 400;
  // What a seed does to the AUC to first order: density of the AUC's curve times the shift's spread.
  const double slope =
      std::exp(-kSeedsShift * kSeedsShift / 4) / std::sqrt(2 * std::numbers::pi) / std::sqrt(2.0);
  for (int i = 0; i < repetitions; ++i) {
    Random r({13, static_cast<std::uint64_t>(i)});
    const auto s = summary_of(draw_seeds(r, kSeedsShift, 0.3, 0.5, 120));
    seed_variance += s.seed_sd * s.seed_sd / repetitions;
    image_variance += s.image_sd * s.image_sd / repetitions;
  }
  EXPECT_NEAR(std::sqrt(seed_variance) / (0.3 * slope), 1, 0.15);
  Coverage one_seed;  // image_sd is right if one seed's own interval, made from it, covers
  for (int i = 0; i < 1500; ++i) {
    Random r({14, static_cast<std::uint64_t>(i)});
    const auto d = draw_seeds(r, kSeedsShift, 0, 0.5, 120);
    one_seed.add(
        statistics::t_interval(statistics::auc_estimate(d.scores[0], d.positive).value,
                               std::sqrt(image_variance), std::numeric_limits<double>::infinity(), 0.95),
        true_auc(kSeedsShift, 0));
  }
  expect_coverage(one_seed, 0.015);
}

// At the detectable difference a test finds it in 80% of repetitions.
TEST(DetectableDifference, IsFoundInEightyPercent) {
  const statistics::Estimate truth = statistics::t_interval(0, 1 / std::sqrt(5.0), 4, 0.95);
  const double difference = statistics::minimum_detectable_difference(truth);
  int found = 0;
  constexpr int repetitions = 6000;
  for (int i = 0; i < repetitions; ++i) {
    Random r({15, static_cast<std::uint64_t>(i)});
    std::vector<double> figures(5);
    for (auto& f : figures) f = difference + r.normal();
    found += statistics::combine_seeds(figures, std::vector<double>(25, 0.0)).mean.p < 0.05 ? 1 : 0;
  }
  // Bloom's sum of two quantiles overshoots the exact (noncentral t) figure a little at 4 degrees of freedom.
  EXPECT_NEAR(found / double{repetitions}, 0.8, 0.04);
}

// Exact under normal errors: no tolerance.
TEST(SlopeCoverage, BlocksAndDifferences) {
  const double levels[] = {0, 0.1, 0.2, 0.4};
  const auto one = [&](bool paired) {
    return [&, paired](Random& r) {
      std::vector<double> x, a, b;
      std::vector<std::uint32_t> block;
      for (std::uint32_t s = 0; s < 5; ++s) {
        const double seed = 0.05 * r.normal();
        for (const double level : levels) {
          const double common = 0.02 * r.normal();
          x.push_back(level);
          block.push_back(s);
          a.push_back(0.9 - 0.3 * level + seed + common + 0.01 * r.normal());
          b.push_back(0.9 - 0.1 * level + seed + common + 0.01 * r.normal());
        }
      }
      return paired ? statistics::slope_difference(x, a, b, block)
                    : statistics::slope_with_blocks(x, a, block);
    };
  };
  expect_coverage(coverage_of(4000, -0.3, one(false)), 0);
  expect_coverage(coverage_of(4000, -0.2, one(true)), 0);
}

}  // namespace
