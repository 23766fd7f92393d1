#include "study/statistics/weighted.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {

RankedScores::RankedScores(std::span<const double> scores, Labels positive) : descending_(scores.size()) {
  detail::require_same_length(scores.size(), positive.size(), {});
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw std::invalid_argument("a score is not a number");
    descending_[i] = {static_cast<std::uint32_t>(i), positive[i] != 0, false};
  }
  std::sort(descending_.begin(), descending_.end(), [&](const Image& a, const Image& b) {
    return scores[a.index] != scores[b.index] ? scores[a.index] > scores[b.index] : a.index < b.index;
  });
  for (std::size_t i = 0; i < descending_.size(); ++i)
    descending_[i].last_of_tie =
        i + 1 == descending_.size() || scores[descending_[i].index] != scores[descending_[i + 1].index];
}

double RankedScores::auc(std::span<const double> weights) const {
  double wins = 0, positives = 0, negatives = 0;  // positives, negatives: strictly above the current tie
  double tied_positives = 0, tied_negatives = 0;
  for (const Image& image : descending_) {
    (image.positive ? tied_positives : tied_negatives) += weights[image.index];
    if (!image.last_of_tie) continue;
    wins += tied_negatives * (positives + 0.5 * tied_positives);
    positives += tied_positives;
    negatives += tied_negatives;
    tied_positives = tied_negatives = 0;
  }
  return positives > 0 && negatives > 0 ? wins / (positives * negatives) : kNotEstimable;
}

double RankedScores::average_precision(std::span<const double> weights) const {
  double positives = 0, all = 0, tied_positives = 0, sum = 0;
  for (const Image& image : descending_) {
    const double weight = weights[image.index];
    all += weight;
    if (image.positive) tied_positives += weight;
    if (!image.last_of_tie || tied_positives == 0) continue;
    positives += tied_positives;
    sum += tied_positives * positives / all;
    tied_positives = 0;
  }
  return positives > 0 && all > positives ? sum / positives : kNotEstimable;
}

WeightedCounts weighted_counts(Labels predicted, Labels positive, std::span<const double> weights) {
  WeightedCounts counts;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double& of_class = positive[i] != 0 ? (predicted[i] != 0 ? counts.tp : counts.fn)
                                        : (predicted[i] != 0 ? counts.fp : counts.tn);
    of_class += weights[i];
  }
  return counts;
}

}  // namespace dsx::statistics
