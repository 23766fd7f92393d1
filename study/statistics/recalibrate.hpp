// Calibration slope and intercept. Input is logits (log odds); probability is 1 / (1 + exp(-logit)). NaN
// logits, a missing class or too few of one (IntervalOptions) are not estimable.
#pragma once

#include <span>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// Logistic recalibration, logit P(y) = intercept + slope * logit (Cox 1958), fitted by Newton's method. slope
// < 1: too confident. p: slope against 1, intercept against 0. in_the_large: the intercept with slope fixed
// at 1; > 0: the model says too little. Intervals: Wald; variance from the information matrix, or between
// subjects (sandwich with J / (J - 1)). Perfectly separated classes have no finite slope: not estimable.
struct Recalibration {
  Estimate slope, intercept, in_the_large;
};
Recalibration recalibrate(std::span<const double> logits, Labels positive, SubjectIds subjects = {},
                          const IntervalOptions& options = {});

}  // namespace dsx::statistics
