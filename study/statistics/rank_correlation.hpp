// Spearman's rank correlation: of two columns of numbers, with its interval, and of two scores over images
// that count several times or not at all, which is what the bootstrap evaluates thousands of times. There
// both are sorted once; each evaluation is then a few passes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// With Fisher's 95% interval and the standard error of Bonett & Wright (2000, Psychometrika 65:23). Not
// estimable from fewer than 5 pairs, or where one column has a single value. One length, no NaN
// (std::invalid_argument).
Estimate rank_correlation(std::span<const double> a, std::span<const double> b);

// Pearson's correlation of midranks (Kendall & Gibbons 1990, section 3.8: equal scores share the mean of
// their ranks). With weights it is that of the sample in which image i stands weights[i] times.
class RankCorrelation {
 public:
  // One length, no NaN (std::invalid_argument).
  RankCorrelation(std::span<const double> a, std::span<const double> b);
  // NaN where one of them has a single value under these weights.
  double of(std::span<const double> weights) const;

 private:
  struct Place {
    std::uint32_t image;
    bool last_of_tie;
  };
  static std::vector<Place> ordered(std::span<const double> scores);
  static std::vector<double> midranks(const std::vector<Place>& order, std::span<const double> weights);

  std::vector<Place> a_, b_;  // ascending
};

}  // namespace dsx::statistics
