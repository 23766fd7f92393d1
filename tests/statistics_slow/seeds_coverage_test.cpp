// Several seeds judged on the same images: does the interval cover the mean over all seeds and all images,
// and is it no wider than it needs to be?
#include <fmt/format.h>

#include "tests/statistics_slow/coverage.hpp"
#include "tests/statistics_slow/seeds_draw.hpp"

namespace {

using namespace dsx;
using namespace dsx_test;  // NOLINT(google-build-using-namespace)

// ---- The formula alone: normal figures with a known covariance. ----

// Variances beside that of what images do in each seed alone, which is 1.
struct NormalSeeds {
  std::size_t seeds;
  double seed_variance, shared_variance;
};
struct Drawn {
  std::vector<double> figures, covariance;
};
Drawn draw_normal(Random& r, const NormalSeeds& n) {
  Drawn d{{}, std::vector<double>(n.seeds * n.seeds, n.shared_variance)};
  const double images = std::sqrt(n.shared_variance) * r.normal();
  for (std::size_t s = 0; s < n.seeds; ++s) {
    d.figures.push_back(images + std::sqrt(n.seed_variance) * r.normal() + r.normal());
    d.covariance[s * n.seeds + s] += 1;
  }
  return d;
}

template <typename Visit>
void for_normal_seeds(std::initializer_list<std::size_t> counts, const Visit& visit) {
  for (const std::size_t seeds : counts)
    for (const double seed_variance : {0.0, 1.0, 30.0})
      for (const double shared : {0.0, 0.05, 0.3, 1.0, 30.0})
        visit(NormalSeeds{seeds, seed_variance, shared});
}

Band band_of(const NormalSeeds& n, double confidence, int repetitions,
             const std::function<statistics::Estimate(const Drawn&)>& interval) {
  Band band;
  for (int i = 0; i < repetitions; ++i) {
    Random r({31, static_cast<std::uint64_t>(i)});
    const Drawn d = draw_normal(r, n);
    band.add(interval(d), hillis_interval(d.figures, d.covariance, confidence), 0);
  }
  return band;
}

statistics::Estimate ours(const Drawn& d) { return statistics::combine_seeds(d.figures, d.covariance).mean; }

TEST(SeedsCoverage, NormalFigures) {
  Band least, widest;
  for_normal_seeds({3, 5, 10}, [&](const NormalSeeds& n) {
    const Band band = band_of(n, 0.95, 8000, ours);
    EXPECT_TRUE(band.holds()) << n.seeds << " seeds, variances " << n.seed_variance << ", "
                              << n.shared_variance << ": covers " << band.ours.share() << ", "
                              << band.times_as_wide() << " times as wide";
    if (least.ours.repetitions == 0 || band.ours.share() < least.ours.share()) least = band;
    if (widest.ours.repetitions == 0 || band.times_as_wide() > widest.times_as_wide()) widest = band;
  });
  expect_band(least, "normal figures, 3 to 10 seeds, least coverage");
  expect_band(widest, "normal figures, 3 to 10 seeds, widest");
}

// Two seeds have one degree of freedom: no interval of this width can promise more.
TEST(SeedsCoverage, TwoSeedsFallShortByThreePoints) {
  for_normal_seeds({2}, [&](const NormalSeeds& n) {
    const double share = band_of(n, 0.95, 8000, ours).ours.share();
    EXPECT_GE(share, 0.915);
    EXPECT_LE(share, 0.985);
  });
}

// Holm's correction for 3 and 10 comparisons reads the tails at .05 / 3 and .05 / 10.
TEST(SeedsCoverage, TailsHoldWhereHolmReadsThem) {
  for_normal_seeds({3, 5, 10}, [&](const NormalSeeds& n) {
    constexpr int repetitions = 20000;
    int third = 0, tenth = 0;
    for (int i = 0; i < repetitions; ++i) {
      Random r({32, static_cast<std::uint64_t>(i)});
      const double p = ours(draw_normal(r, n)).p;
      third += p < 0.05 / 3 ? 1 : 0;
      tenth += p < 0.005 ? 1 : 0;
    }
    EXPECT_LT(third / double{repetitions}, 0.05 / 3 + 0.0035) << n.seeds << " " << n.shared_variance;
    EXPECT_LT(tenth / double{repetitions}, 0.005 + 0.002) << n.seeds << " " << n.shared_variance;
  });
}

// ---- The mistakes that matter most fall outside the band. ----

TEST(SeedsCoverage, TooWideIsSeen) {
  const NormalSeeds no_seed_effect{3, 0, 0};
  const auto floored = [](const Drawn& d) { return floored_interval(d.figures, d.covariance); };
  EXPECT_GT(band_of(no_seed_effect, 0.95, 4000, floored).ours.share(), 0.985);
  const auto counted_twice = [](const Drawn& d) {  // as a crossed bootstrap does with seed-by-image errors
    auto e = ours(d);
    e.low -= 0.3 * (e.value - e.low);
    e.high += 0.3 * (e.high - e.value);
    return e;
  };
  EXPECT_FALSE(band_of({5, 1, 1}, 0.95, 4000, counted_twice).holds());
}

TEST(SeedsCoverage, HillisWithThreeSeedsIsSeen) {
  const auto hillis = [](const Drawn& d) { return hillis_interval(d.figures, d.covariance, 0.95); };
  EXPECT_LT(band_of({3, 0, 0.1}, 0.95, 8000, hillis).ours.share(), 0.935);
}

TEST(SeedsCoverage, ForgettingTheDegreesOfFreedomIsSeen) {
  const auto normal = [](const Drawn& d) {
    const auto e = ours(d);
    return statistics::t_interval(e.value, e.se, std::numeric_limits<double>::infinity(), 0.95);
  };
  EXPECT_LT(band_of({5, 4, 0.25}, 0.95, 4000, normal).ours.share(), 0.92);
}

// The usual mean +- t * sd / sqrt(S) forgets that all seeds saw the same images.
TEST(SeedsCoverage, IgnoringSharedImagesIsSeen) {
  const auto one = [](Random& r) {
    return summary_of(draw_seeds(r, 5, {.seed_sd = 0.05, .common = 0.8})).mean_these_images;
  };
  EXPECT_LT(coverage_of(800, true_auc(kShift, 0.05), one).share(), 0.75);
}

// DeLong on one seed forgets that another seed would have come out differently.
TEST(SeedsCoverage, IgnoringSeedsIsSeen) {
  const auto one = [](Random& r) {
    const auto d = draw_seeds(r, 5, {.seed_sd = 0.5, .common = 0.3, .images = 200});
    return statistics::auc_estimate(d.scores[0], d.positive);
  };
  EXPECT_LT(coverage_of(800, true_auc(kShift, 0.5), one).share(), 0.75);
}

// ---- The figures of a comparison. ----

TEST(SeedsCoverage, Auc) {
  for (const std::size_t seeds : {3U, 5U})
    for (const double seed_sd : {0.05, 0.3})
      for (const double common : {0.3, 0.8}) {
        Band band;
        for (int i = 0; i < 3000; ++i) {
          Random r({33, static_cast<std::uint64_t>(i)});
          const auto d = draw_seeds(r, seeds, {.seed_sd = seed_sd, .common = common});
          const auto c = statistics::auc_covariance(d.scores, d.positive, d.subject);
          band.add(statistics::combine_seeds(c.auc, c.covariance,
                                             {.null = 0.5, .scale = statistics::SeedScale::logit})
                       .mean,
                   statistics::on_logit_scale(hillis_interval(c.auc, c.covariance, 0.95), 0.95),
                   true_auc(kShift, seed_sd));
        }
        expect_band(band, fmt::format("AUC, {} seeds, spread {}, shared {}", seeds, seed_sd, common));
      }
}

TEST(SeedsCoverage, PairedDifferenceOfAucs) {
  for (const std::size_t seeds : {3U, 5U, 10U})
    for (const std::uint32_t subjects : {0U, 90U}) {
      Band band;
      for (int i = 0; i < 3000; ++i) {
        Random r({34, static_cast<std::uint64_t>(i)});
        const auto [figures, covariance] = auc_differences(draw_two_variants(r, seeds, kWorse, subjects));
        band.add(statistics::combine_seeds(figures, covariance).mean,
                 hillis_interval(figures, covariance, 0.95), pair_truth(kWorse));
      }
      expect_band(band, fmt::format("difference of AUCs, {} seeds, {}", seeds,
                                    subjects == 0 ? "images alone" : "images of 90 subjects"));
    }
}

// Sensitivity, specificity and the rate of images called positive, alone and as paired differences, from the
// bootstrap that a comparison uses; `threshold` sets how near to 1 sensitivity is.
TEST(SeedsCoverage, RatesAtAThreshold) {
  for (const double threshold : {kShift / 2, kShift - 1.6}) {
    RateBands bands;
    for (int i = 0; i < 1000; ++i) {
      Random r({35, static_cast<std::uint64_t>(i)});
      add_rates(draw_two_variants(r, 5, kWorse, 300), threshold, bands);
    }
    for (const auto& [name, band] : bands) expect_band(band, fmt::format("{} at {:.2f}", name, threshold));
  }
}

TEST(SeedsSpread, SeparatesSeedsFromImages) {
  double seed_variance = 0, image_variance = 0;
  constexpr int repetitions = 400;
  // What a seed does to the AUC to first order: density of the AUC's curve times the shift's spread.
  const double slope = std::exp(-kShift * kShift / 4) / std::sqrt(2 * std::numbers::pi) / std::sqrt(2.0);
  for (int i = 0; i < repetitions; ++i) {
    Random r({13, static_cast<std::uint64_t>(i)});
    const auto s = summary_of(draw_seeds(r, 5, {.seed_sd = 0.3, .images = 120}));
    seed_variance += s.seed_sd * s.seed_sd / repetitions;
    image_variance += s.image_sd * s.image_sd / repetitions;
  }
  EXPECT_NEAR(std::sqrt(seed_variance) / (0.3 * slope), 1, 0.15);
  Coverage one_seed;  // image_sd is right if one seed's own interval, made from it, covers
  for (int i = 0; i < 1500; ++i) {
    Random r({14, static_cast<std::uint64_t>(i)});
    const auto d = draw_seeds(r, 5, {.seed_sd = 0, .images = 120});
    one_seed.add(
        statistics::t_interval(statistics::auc_estimate(d.scores[0], d.positive).value,
                               std::sqrt(image_variance), std::numeric_limits<double>::infinity(), 0.95),
        true_auc(kShift, 0));
  }
  expect_coverage(one_seed, 0.015);
}

}  // namespace
