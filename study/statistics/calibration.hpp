// Are the probabilities true? Brier score, expected calibration error with its bias removed, and the
// reliability curve; slope and intercept are recalibrate.hpp's. Input is logits (log odds); probability is 1
// / (1 + exp(-logit)). NaN logits, a missing class or too few of one (IntervalOptions) are not estimable.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// Images sorted by probability and cut into bins of equal count (they differ by at most one image; equal
// probabilities stay in one bin, so that bins do not depend on the order of images).
struct ReliabilityBin {
  std::size_t count = 0;
  double mean_probability = kNotEstimable;
  double lowest_probability = kNotEstimable, highest_probability = kNotEstimable;
  // Share of positives: Wilson's interval, or by subject; a bin below options.minimum is not estimable.
  Estimate observed;
};
struct Reliability {
  std::vector<ReliabilityBin> bins;
  std::string not_estimable;
};
Reliability reliability_curve(std::span<const double> logits, Labels positive, std::size_t bins = 10,
                              SubjectIds subjects = {}, const IntervalOptions& options = {});

// Mean squared error of the probability; interval: Student's t, from the variance between images (subjects).
// score = reliability - resolution + uncertainty + within_bins (Murphy 1973; the last term is what binning
// leaves over: Stephenson, Coelho & Jolliffe 2008, Weather Forecast. 23:752).
struct Brier {
  Estimate score;
  double reliability = kNotEstimable, resolution = kNotEstimable, uncertainty = kNotEstimable;
  double within_bins = kNotEstimable;
};
Brier brier_score(std::span<const double> logits, Labels positive, std::size_t bins = 10,
                  SubjectIds subjects = {}, const IntervalOptions& options = {});

// Weighted mean over the bins of |observed - mean probability|. The plug-in figure is biased upwards (chance
// alone moves each bin); the others remove that.
struct CalibrationError {
  double plug_in = kNotEstimable;  // ECE, equal-mass bins
  // Kumar, Liang & Ma 2019 (NeurIPS), appendix: plug-in minus (its mean under normal noise around the
  // observed shares, minus plug-in); the mean of |normal| is used in closed form instead of by simulation.
  // Can be below 0; not clipped.
  double debiased = kNotEstimable;
  // Their root of the debiased squared error: sum of share * ((mean - observed)^2 - observed (1 - observed) /
  // (n - 1)), 0 when that sum is negative. A bin of one image takes no correction.
  double root_mean_square = kNotEstimable;
  // Mean plug-in ECE of a perfect model: chance alone (normal approximation).
  double expected_if_calibrated = kNotEstimable;
  std::string not_estimable;
};
CalibrationError calibration_error(std::span<const double> logits, Labels positive, std::size_t bins = 10,
                                   const IntervalOptions& options = {});

}  // namespace dsx::statistics
