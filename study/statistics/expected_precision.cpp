#include "study/statistics/expected_precision.hpp"

#include <cmath>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

double hanley_mcneil_se(double auc, std::size_t positives, std::size_t negatives) {
  if (positives == 0 || negatives == 0 || !(auc >= 0 && auc <= 1)) return kNotEstimable;
  const auto m = static_cast<double>(positives), n = static_cast<double>(negatives);
  const double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc);
  const double variance =
      (auc * (1 - auc) + (m - 1) * (q1 - auc * auc) + (n - 1) * (q2 - auc * auc)) / (m * n);
  return std::sqrt(variance);
}

double auc_half_width(double auc, std::size_t positives, std::size_t negatives, double confidence) {
  return normal_quantile((1 + confidence) / 2) * hanley_mcneil_se(auc, positives, negatives);
}

double share_half_width(double share, std::size_t count, double confidence) {
  if (count == 0) return kNotEstimable;
  const double z = normal_quantile((1 + confidence) / 2), n = static_cast<double>(count);
  return z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
}

}  // namespace dsx::statistics
