// Spread over seeds apart from spread over images, and one interval that knows both. All seeds are judged on
// the same images, so the error that these images make is shared by all seeds and does not average out over
// them: an interval from the seeds alone (mean +- t * sd / sqrt(S)) speaks of these images only and is too
// narrow for the question.
//
// The model is that of several readers judging the same cases, with seeds as readers (Obuchowski & Rockette
// 1995, Commun. Stat. Simul. Comput. 24:285; degrees of freedom: Hillis 2007, Stat. Med. 26:596):
//   figure of seed s = truth + seed effect_s + image error_s
//   Var(image error_s) = V, Cov(image errors of two seeds) = C
//   MS = sum (figure_s - mean)^2 / (S - 1), E[MS] = seed variance + V - C
//   Var(mean) = (MS + S max(C, 0)) / S
//   df = (S - 1) (MS + S max(C, 0))^2 / MS^2
// A paired comparison is the same with figure_s = a_s - b_s. C = 0 (each seed its own images) gives the usual
// t interval. Simulated coverage of the 95% interval (tests/statistics_slow): 94 to 96% with 5 seeds or more,
// 92 to 95% with 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "study/statistics/bootstrap.hpp"
#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

struct SeedSummary {
  std::size_t seeds = 0;
  Estimate mean;                       // over seeds; interval for new seeds and new images; p against `null`
  Estimate mean_these_images;          // the same with the images taken as given: new seeds only (C left out)
  double observed_sd = kNotEstimable;  // of the figures over seeds: seeds and part of the images mixed
  double seed_sd = kNotEstimable;   // sqrt(max(0, MS - V + C)): what the seed does beyond the images' noise
  double image_sd = kNotEstimable;  // sqrt(V): of one seed's figure over new images
  double shared_image_sd = kNotEstimable;  // sqrt(max(0, C)): the part that more seeds do not reduce
};

// `figures` [seeds]; `image_covariance` [seeds x seeds] from auc_covariance(), replicate_covariance() or
// difference_covariance(). Fewer than 2 seeds: `mean` is not estimable ("one seed ..."), image_sd is still
// given. A NaN among the figures is not estimable. std::invalid_argument when the sizes do not fit.
SeedSummary combine_seeds(std::span<const double> figures, std::span<const double> image_covariance,
                          double confidence = 0.95, double null = 0);

// Covariance [S x S] of a_s - b_s from that of (a_1..a_S, b_1..b_S) [2S x 2S].
std::vector<double> difference_covariance(std::span<const double> covariance_of_both);

// Two-way bootstrap: each resample draws subjects (the same for all seeds) and seeds, both with replacement
// (the pigeonhole bootstrap: Owen 2007, Ann. Appl. Stat. 1:386; its variance errs on the large side). For
// figures whose distribution is skewed or bounded. S - 1 seeds are drawn per resample, which makes the
// variance over seeds unbiased (Rao & Wu 1988); with fewer than about 10 seeds the percentile interval still
// lacks the t factor, so that the interval returned is mean +- t * se with the degrees of freedom of
// combine_seeds(). `statistics_by_seed`: which statistic of the sample is which seed's figure.
Estimate crossed_bootstrap(const BootstrapSample& sample, std::span<const std::size_t> statistics_by_seed,
                           double confidence = 0.95, double null = 0, std::uint64_t seed = 1);

}  // namespace dsx::statistics
