#include "study/statistics/mcnemar.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>

#include "study/statistics/proportion.hpp"

namespace dsx::statistics {

double mcnemar_p(const PairedCounts& counts, McNemar kind) {
  const std::size_t discordant = counts.a_only + counts.b_only;
  if (discordant == 0) return 1;
  const boost::math::binomial half(static_cast<double>(discordant), 0.5);
  const auto smaller = static_cast<double>(std::min(counts.a_only, counts.b_only));
  const double exact = std::min(1.0, 2 * cdf(half, smaller));
  if (kind == McNemar::exact) return exact;
  // Equal counts: both tails hold the observed outcome, and half of it is taken once.
  const double observed = pdf(half, smaller);
  return counts.a_only == counts.b_only ? 1 - 0.5 * observed : exact - observed;
}

}  // namespace dsx::statistics
