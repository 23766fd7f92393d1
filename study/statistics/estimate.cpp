#include "study/statistics/estimate.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

void require_reference(double df, double t_share) {
  if (!(df > 0)) throw std::invalid_argument("Student's t needs degrees of freedom above 0");
  if (!(t_share >= 0 && t_share <= 1)) throw std::invalid_argument("a share lies between 0 and 1");
}

}  // namespace

Estimate cannot_estimate(std::string reason) {
  Estimate e;
  e.not_estimable = std::move(reason);
  return e;
}

std::vector<std::uint32_t> subject_ids(std::span<const std::string> names) {
  std::unordered_map<std::string, std::uint32_t> numbers;
  std::vector<std::uint32_t> ids;
  ids.reserve(names.size());
  for (const auto& name : names)
    ids.push_back(numbers.emplace(name, static_cast<std::uint32_t>(numbers.size())).first->second);
  return ids;
}

double normal_quantile(double probability) { return quantile(boost::math::normal(), probability); }
double normal_cdf(double z) { return cdf(boost::math::normal(), z); }

double t_quantile(double probability, double df, double t_share) {
  require_reference(df, t_share);
  const double z = normal_quantile(probability);
  if (std::isinf(df) || t_share == 0) return z;
  const double t = quantile(boost::math::students_t(df), probability);
  if (t_share == 1) return t;
  double near = z, far = t;  // the mixture's quantile lies between
  constexpr double kDigits = 1e-13;
  while (std::abs(far - near) > kDigits * std::abs(far)) {
    const double middle = 0.5 * (near + far);
    const bool beyond = probability > 0.5 ? upper_tail(middle, df, t_share) > 1 - probability
                                          : upper_tail(-middle, df, t_share) > probability;
    (beyond ? near : far) = middle;
  }
  return 0.5 * (near + far);
}

double upper_tail(double t, double df, double t_share) {
  require_reference(df, t_share);
  const double normal = normal_cdf(-t);
  if (std::isinf(df) || t_share == 0) return normal;
  return t_share * cdf(boost::math::students_t(df), -t) + (1 - t_share) * normal;
}

double two_sided_p(double t, double df, double t_share) { return 2 * upper_tail(std::abs(t), df, t_share); }

Estimate t_interval(double value, double se, double df, double confidence, double null, double t_share) {
  detail::require_confidence(confidence);
  if (!std::isfinite(value) || !std::isfinite(se)) return cannot_estimate("a figure is not a number");
  if (!(se > 0)) return cannot_estimate("no spread to estimate an interval from");
  Estimate e;
  e.value = value;
  e.se = se;
  e.df = df;
  e.t_share = t_share;
  const double half = t_quantile(0.5 + confidence / 2, df, t_share) * se;
  e.low = value - half;
  e.high = value + half;
  e.p = two_sided_p((value - null) / se, df, t_share);
  e.method = std::isinf(df) ? "normal" : "Student's t";
  return e;
}

Estimate on_logit_scale(const Estimate& estimate, double confidence, double null) {
  detail::require_confidence(confidence);
  if (!estimate.estimable()) return estimate;
  Estimate e = estimate;
  if (!(e.value > 0 && e.value < 1)) {
    e.low = std::max(0.0, e.low);
    e.high = std::min(1.0, e.high);
    return e;
  }
  const auto logit = [](double x) { return std::log(x / (1 - x)); };
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double spread = e.se / (e.value * (1 - e.value));
  const double half = t_quantile(0.5 + confidence / 2, e.df, e.t_share) * spread;
  e.low = back(logit(e.value) - half);
  e.high = back(logit(e.value) + half);
  e.p = null > 0 && null < 1 ? two_sided_p((logit(e.value) - logit(null)) / spread, e.df, e.t_share)
                             : kNotEstimable;
  e.method += ", logit";
  return e;
}

Estimate difference_of_independent(const Estimate& a, const Estimate& b) {
  if (!a.estimable()) return a;
  if (!b.estimable()) return b;
  Estimate e;
  e.value = a.value - b.value;
  e.low = e.value - std::hypot(a.value - a.low, b.high - b.value);
  e.high = e.value + std::hypot(a.high - a.value, b.value - b.low);
  e.se = std::hypot(a.se, b.se);
  e.method = "square and add";
  return e;
}

double minimum_detectable_difference(const Estimate& difference, double alpha, double power) {
  detail::require_confidence(alpha);
  detail::require_confidence(power);
  if (!difference.estimable() || !(difference.se > 0)) return kNotEstimable;
  return (t_quantile(1 - alpha / 2, difference.df, difference.t_share) +
          t_quantile(power, difference.df, difference.t_share)) *
         difference.se;
}

}  // namespace dsx::statistics
