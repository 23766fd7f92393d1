// Can a few numbers per image (its size, its border) tell the label? A logistic regression with a little
// ridge, judged on images of subjects that it was not fitted to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// Features are standardised inside; constant ones count for nothing.
struct LogisticModel {
  std::vector<double> mean, scale;  // [features]; scale 0: constant
  std::vector<double> weights;      // [features], of standardised features
  double intercept = 0;
  double logit(std::span<const double> features) const;
};

// Minimises the log loss over all images plus ridge / 2 * |weights|^2 (the intercept is free), by Newton's
// method with step halving. `features` [images x count], image by image. std::invalid_argument when lengths
// differ, a class is missing, a feature is not finite, or ridge is not above 0 (separated classes would
// have no solution).
LogisticModel fit_logistic(std::span<const double> features, std::size_t count, Labels positive,
                           double ridge = 1);

// Logit of each image from a model fitted to the other folds (group_folds() by subject).
std::vector<double> cross_validated_logits(std::span<const double> features, std::size_t count,
                                           Labels positive, SubjectIds subjects, std::size_t folds = 5,
                                           std::uint64_t seed = 1);

}  // namespace dsx::statistics
