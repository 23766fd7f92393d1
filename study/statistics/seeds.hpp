// Spread over seeds apart from spread over images, and one interval that knows both. All seeds are judged on
// the same images, so the error that these images make is shared by all seeds and does not average out over
// them: an interval from the seeds alone (mean +- t * sd / sqrt(S)) speaks of these images only and is too
// narrow for the question.
//
// The model is that of several readers judging the same cases, with seeds as readers (Obuchowski & Rockette
// 1995, Commun. Stat. Simul. Comput. 24:285; the field's programs: MRMCaov, iMRMC):
//   figure of seed s = truth + seed effect_s + image error_s
//   Var(image error_s) = V, Cov(image errors of two seeds) = C
//   MS = sum (figure_s - mean)^2 / (S - 1), E[MS] = seed variance + V - C
//   Var(mean) = (MS + S max(C, 0)) / S
// A paired comparison is the same with figure_s = a_s - b_s. C = 0 (each seed its own images) gives the usual
// t interval.
// MS has S - 1 degrees of freedom, C one less than there are subjects of the smaller class. The reference
// distribution weights the two Student's t by the shares of the variance that MS and C have (two_sided_p()
// in estimate.hpp). Hillis's degrees of freedom (2007, Stat. Med. 26:596), (S - 1) / share^2, believe a
// share that is small by chance: with 3 seeds they cover 92%, and their error at alpha .005, where Holm's
// correction leads, is 2.7%. Flooring MS at V - C covers 99.9% where seeds add nothing. This one: 94.8 to
// 96.5% with 3 seeds or more, errors at .0167 and .005 at most 1.8% and .6%, at most 1.24 times as wide as
// Hillis's (5 seeds: 1.09); two seeds 92 to 96%. All simulated in
// tests/statistics_slow/seeds_coverage_test.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

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

// Where the interval is made: `logit` for shares and AUCs (on_logit_scale() in estimate.hpp), `plain` for all
// else, differences of shares among them.
enum class SeedScale { plain, logit };

struct SeedOptions {
  double confidence = 0.95;
  double null = 0;
  SeedScale scale = SeedScale::plain;
  double image_df = kKnown;  // behind `image_covariance`: subjects of the smaller class - 1
};

// The one way from figures of several seeds to an interval. `figures` [seeds]; `image_covariance` [seeds x
// seeds] of the error that the choice of images makes: auc_covariance() for AUCs, mean_covariance() for means
// over images (rates, logits), replicate_covariance() of a bootstrap for anything, difference_covariance() of
// any of them for a pair of variants. Fewer than 2 seeds: `mean` is not estimable ("one seed ..."), image_sd
// is still given. A NaN among the figures is not estimable. std::invalid_argument when the sizes do not fit.
SeedSummary combine_seeds(std::span<const double> figures, std::span<const double> image_covariance,
                          const SeedOptions& options = {});

// Means over the images of several columns (one per seed), and the covariance of their errors by subject:
// sums of residuals over each subject's images, J / (J - 1) (as proportion_by_subject()). For a rate, columns
// of 0 and 1; for a paired difference, columns of differences. `values` [columns][images], one length, at
// least two subjects, else std::invalid_argument. Without subjects every image is its own.
struct MeanCovariance {
  std::vector<double> mean;        // [columns]
  std::vector<double> covariance;  // [columns x columns]
};
MeanCovariance mean_covariance(std::span<const std::vector<double>> values, SubjectIds subjects = {});

// Covariance [S x S] of a_s - b_s from that of (a_1..a_S, b_1..b_S) [2S x 2S].
std::vector<double> difference_covariance(std::span<const double> covariance_of_both);

}  // namespace dsx::statistics
