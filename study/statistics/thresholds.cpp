#include "study/statistics/thresholds.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

// What a threshold half-way below a distinct score (or above all of them) decides.
struct Cut {
  double threshold;
  double tp, fp;
};

// Half-way, but never at the lower score itself (neighbouring doubles have no number between them).
double between(double lower, double upper) {
  const double middle = lower + 0.5 * (upper - lower);
  return middle > lower ? middle : upper;
}

// All cuts from the lowest (everything positive) to the highest (nothing).
std::vector<Cut> cuts_up(std::span<const double> scores, Labels positive) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] < scores[b]; });
  double tp = 0, fp = 0;
  for (const auto label : positive) ++(label != 0 ? tp : fp);
  std::vector<Cut> cuts{{scores[order.front()] - 1, tp, fp}};
  for (std::size_t i = 0; i < order.size();) {
    const double score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i) --(positive[order[i]] != 0 ? tp : fp);
    cuts.push_back({i < order.size() ? between(score, scores[order[i]]) : score + 1, tp, fp});
  }
  return cuts;
}

// The cut with the highest worth(tp, fp), the lowest of equals. `worth` must be exact on whole numbers where
// ties matter.
Threshold best_cut(std::span<const double> scores, Labels positive, std::size_t minimum,
                   const std::function<double(const Cut& cut, double positives, double negatives)>& worth) {
  detail::require_same_length(scores.size(), positive.size(), {});
  Threshold result;
  result.not_estimable = detail::too_little(scores, positive, {}, minimum);
  if (!result.not_estimable.empty()) return result;
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isinf(s); })) {
    result.not_estimable = "a score is infinite";
    return result;
  }
  const auto cuts = cuts_up(scores, positive);
  const double positives = cuts.front().tp, negatives = cuts.front().fp;
  const Cut* best = &cuts.front();
  for (const auto& cut : cuts)
    if (worth(cut, positives, negatives) > worth(*best, positives, negatives)) best = &cut;
  result.value = best->threshold;
  result.sensitivity = best->tp / positives;
  result.specificity = 1 - best->fp / negatives;
  return result;
}

}  // namespace

Threshold choose_youden(std::span<const double> scores, Labels positive, std::size_t minimum) {
  // Whole numbers, so that equal is equal: Youden's index times positives times negatives.
  return best_cut(scores, positive, minimum, [](const Cut& cut, double positives, double negatives) {
    return cut.tp * negatives - cut.fp * positives;
  });
}

Threshold choose_sensitivity(std::span<const double> scores, Labels positive, double target,
                             std::size_t minimum) {
  if (!(target > 0 && target <= 1)) throw std::invalid_argument("a target sensitivity lies in (0, 1]");
  // The highest threshold among the good enough. The allowance keeps 19 of 20 good enough for 0.95.
  return best_cut(scores, positive, minimum, [target](const Cut& cut, double positives, double) {
    const bool good_enough = cut.tp >= (target - 1e-9) * positives;
    return good_enough ? cut.threshold : -std::numeric_limits<double>::infinity();
  });
}

Threshold choose_least_cost(std::span<const double> scores, Labels positive, double cost_ratio,
                            std::size_t minimum) {
  if (!(cost_ratio > 0) || std::isinf(cost_ratio)) throw std::invalid_argument("a cost ratio lies above 0");
  return best_cut(scores, positive, minimum, [cost_ratio](const Cut& cut, double positives, double) {
    return -(cost_ratio * (positives - cut.tp) + cut.fp);
  });
}

}  // namespace dsx::statistics
