#include "study/statistics/curves.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

// Images at and above each distinct score, from the highest score down.
struct Step {
  double threshold, tp, fp;
};

std::vector<Step> steps_down(std::span<const double> scores, Labels positive) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  std::vector<Step> steps;
  double tp = 0, fp = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    ++(positive[order[i]] != 0 ? tp : fp);
    const bool last_of_tie = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (last_of_tie) steps.push_back({scores[order[i]], tp, fp});
  }
  return steps;
}

}  // namespace

RocCurve roc_curve(std::span<const double> scores, Labels positive) {
  detail::require_same_length(scores.size(), positive.size(), {});
  RocCurve curve;
  curve.not_estimable = detail::too_little(scores, positive, {}, 1);
  if (!curve.not_estimable.empty()) return curve;
  const auto steps = steps_down(scores, positive);
  curve.false_positive_rate = {0};
  curve.true_positive_rate = {0};
  curve.threshold = {std::numeric_limits<double>::infinity()};
  for (const auto& step : steps) {
    curve.false_positive_rate.push_back(step.fp / steps.back().fp);
    curve.true_positive_rate.push_back(step.tp / steps.back().tp);
    curve.threshold.push_back(step.threshold);
  }
  return curve;
}

PrecisionRecallCurve precision_recall_curve(std::span<const double> scores, Labels positive) {
  detail::require_same_length(scores.size(), positive.size(), {});
  PrecisionRecallCurve curve;
  curve.not_estimable = detail::too_little(scores, positive, {}, 1);
  if (!curve.not_estimable.empty()) return curve;
  const auto steps = steps_down(scores, positive);
  curve.recall = {0};
  curve.precision = {1};
  curve.threshold = {std::numeric_limits<double>::infinity()};
  curve.average_precision = 0;
  for (const auto& step : steps) {
    const double recall = step.tp / steps.back().tp, precision = step.tp / (step.tp + step.fp);
    curve.average_precision += (recall - curve.recall.back()) * precision;
    curve.recall.push_back(recall);
    curve.precision.push_back(precision);
    curve.threshold.push_back(step.threshold);
  }
  return curve;
}

double true_positive_rate_at(const RocCurve& curve, double false_positive_rate) {
  const auto& x = curve.false_positive_rate;
  const auto& y = curve.true_positive_rate;
  if (x.empty()) return kNotEstimable;
  // The last point at or left of the rate: on a vertical part of the curve, its upper end.
  const auto right =
      static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), false_positive_rate) - x.begin());
  if (right == 0) return y.front();
  if (right == x.size()) return y.back();
  const double share = (false_positive_rate - x[right - 1]) / (x[right] - x[right - 1]);
  return y[right - 1] + share * (y[right] - y[right - 1]);
}

}  // namespace dsx::statistics
