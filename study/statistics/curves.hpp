// ROC and precision-recall curves, and average precision, as scikit-learn defines them. Scores and labels as
// in auc.hpp. A missing class or a NaN score gives an empty curve with its reason.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// One point per distinct score, from the strictest threshold (nothing positive) to the loosest (everything
// positive). A point's threshold is the score at and above which an image counts as positive; the first is
// +infinity.
struct RocCurve {
  std::vector<double> false_positive_rate, true_positive_rate, threshold;
  std::string not_estimable;
};
RocCurve roc_curve(std::span<const double> scores, Labels positive);

// The same order: recall rises from 0. The first point (recall 0, precision 1) is scikit-learn's convention.
struct PrecisionRecallCurve {
  std::vector<double> recall, precision, threshold;
  double average_precision = kNotEstimable;  // sum over points of (recall step) * precision: no interpolation
  std::string not_estimable;
};
PrecisionRecallCurve precision_recall_curve(std::span<const double> scores, Labels positive);

// The curve's value at a false positive rate, by linear interpolation: for drawing curves of several seeds on
// one grid.
double true_positive_rate_at(const RocCurve& curve, double false_positive_rate);

}  // namespace dsx::statistics
