#include "study/statistics/equivalence.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace dsx::statistics {

double not_worse_p(const Estimate& difference, double margin) {
  if (!(margin >= 0)) throw std::invalid_argument("a margin is a size: 0 or more");
  if (!difference.estimable() || !(difference.se > 0)) return kNotEstimable;
  const double beyond = upper_tail((difference.value + margin) / difference.se, difference.df,
                                   difference.t_share, difference.rest_df);
  return std::min(1.0, 2 * beyond);
}

double equivalence_p(const Estimate& difference, double margin) {
  Estimate other = difference;
  other.value = -difference.value;
  const double above = not_worse_p(difference, margin), below = not_worse_p(other, margin);
  return std::isnan(above) || std::isnan(below) ? kNotEstimable : std::max(above, below);
}

}  // namespace dsx::statistics
