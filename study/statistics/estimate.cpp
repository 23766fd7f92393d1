#include "study/statistics/estimate.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {

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

double t_quantile(double probability, double df) {
  if (!(df > 0)) throw std::invalid_argument("Student's t needs degrees of freedom above 0");
  return std::isinf(df) ? normal_quantile(probability) : quantile(boost::math::students_t(df), probability);
}

double two_sided_p(double t, double df) {
  if (!(df > 0)) throw std::invalid_argument("Student's t needs degrees of freedom above 0");
  const double lower_tail =
      std::isinf(df) ? normal_cdf(-std::abs(t)) : cdf(boost::math::students_t(df), -std::abs(t));
  return 2 * lower_tail;
}

Estimate t_interval(double value, double se, double df, double confidence, double null) {
  detail::require_confidence(confidence);
  if (!std::isfinite(value) || !std::isfinite(se)) return cannot_estimate("a figure is not a number");
  if (!(se > 0)) return cannot_estimate("no spread to estimate an interval from");
  Estimate e;
  e.value = value;
  e.se = se;
  e.df = df;
  const double half = t_quantile(0.5 + confidence / 2, df) * se;
  e.low = value - half;
  e.high = value + half;
  e.p = two_sided_p((value - null) / se, df);
  e.method = std::isinf(df) ? "normal" : "Student's t";
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
  return (t_quantile(1 - alpha / 2, difference.df) + t_quantile(power, difference.df)) * difference.se;
}

}  // namespace dsx::statistics
