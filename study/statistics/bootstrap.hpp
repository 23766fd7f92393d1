// The bootstrap by subject: whole subjects are drawn with replacement, and a resample is the number of times
// each image counts. Several statistics see the same resamples, so that differences between them (variants,
// seeds) are paired. Deterministic by seed, on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// Computes all statistics of one resample: `weights` [images] are whole numbers (1 everywhere: the sample
// itself), `out` [statistics]. NaN marks what this resample does not define. weighted.hpp has fast metrics
// over weights.
using WeightedStatistics = std::function<void(std::span<const double> weights, std::span<double> out)>;

struct BootstrapOptions {
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;
  // Stratum of each subject (class_strata()); drawing keeps the number of subjects per stratum. Empty: one
  // stratum.
  std::span<const std::uint32_t> strata = {};
  bool jackknife = true;  // needed by bca_interval(): one more evaluation per subject
};

struct BootstrapSample {
  std::size_t statistics = 0;
  std::vector<double> observed;    // [statistics]
  std::vector<double> replicates;  // [resamples x statistics]
  std::vector<double> jackknife;   // [subjects x statistics], each without one subject; may be empty
  std::vector<std::uint32_t> jackknife_stratum;  // [subjects]
};

// `subjects` [images], numbers from 0. std::invalid_argument for no image, no statistic or no resample.
BootstrapSample bootstrap_by_subject(SubjectIds subjects, std::size_t statistics,
                                     const WeightedStatistics& compute, const BootstrapOptions& options = {});

// Subjects by what they have: only negatives 0, only positives 1, both 2. [subjects]
std::vector<std::uint32_t> class_strata(Labels positive, SubjectIds subjects);

// Percentile interval (numpy's linear quantiles); `se` is the replicates' standard deviation. With `null`, p
// is twice the smaller share of replicates on a side of it, (k + 1) / (B + 1). More than 1% undefined
// replicates: not estimable; up to that they are left out, and `method` says how many.
Estimate percentile_interval(const BootstrapSample& sample, std::size_t statistic, double confidence = 0.95,
                             std::optional<double> null = std::nullopt);

// Bias-corrected and accelerated (Efron 1987, J. Am. Stat. Assoc. 82:171; several strata: Davison & Hinkley
// 1997, eq. 5.37 with empirical influence values, as SciPy does). p inverts the interval. Falls back to the
// percentile interval, as `method` says, when all replicates lie on one side of the observed value.
Estimate bca_interval(const BootstrapSample& sample, std::size_t statistic, double confidence = 0.95,
                      std::optional<double> null = std::nullopt);

// [chosen x chosen] covariance of replicates: the error that the choice of images makes in each seed's figure
// and in common, for combine_seeds(). Resamples with an undefined value among the chosen are left out.
// `subjects`: of the smallest class; J drawn out of J show a variance that is too small by (J - 1) / J
// (Davison & Hinkley 1997, section 2.3).
std::vector<double> replicate_covariance(const BootstrapSample& sample, std::span<const std::size_t> chosen,
                                         double subjects = kKnown);

}  // namespace dsx::statistics
