// Metrics over images that count several times or not at all: what the bootstrap evaluates thousands of
// times. Scores are sorted once; each evaluation is then one pass. With all weights 1 they equal auc.hpp,
// curves.hpp and decision.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "study/statistics/auc.hpp"

namespace dsx::statistics {

// Scores without NaN (std::invalid_argument). NaN results: a class has no weight.
class RankedScores {
 public:
  RankedScores(std::span<const double> scores, Labels positive);
  double auc(std::span<const double> weights) const;
  double average_precision(std::span<const double> weights) const;

 private:
  struct Image {
    std::uint32_t index;
    bool positive, last_of_tie;
  };
  std::vector<Image> descending_;
};

struct WeightedCounts {
  double tp = 0, fp = 0, tn = 0, fn = 0;
  double sensitivity() const { return tp / (tp + fn); }
  double specificity() const { return tn / (tn + fp); }
  double ppv() const { return tp / (tp + fp); }
  double npv() const { return tn / (tn + fn); }
  double accuracy() const { return (tp + tn) / (tp + tn + fp + fn); }
  double f1() const { return 2 * tp / (2 * tp + fp + fn); }
  double predicted_positive_rate() const { return (tp + fp) / (tp + tn + fp + fn); }
};
WeightedCounts weighted_counts(Labels predicted, Labels positive, std::span<const double> weights);

}  // namespace dsx::statistics
