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

void require_reference(double df, double t_share, double rest_df) {
  if (!(df > 0 && rest_df > 0)) throw std::invalid_argument("Student's t needs degrees of freedom above 0");
  if (!(t_share >= 0 && t_share <= 1)) throw std::invalid_argument("a share lies between 0 and 1");
}

double tail_of(double t, double df) {
  return std::isinf(df) ? normal_cdf(-t) : cdf(boost::math::students_t(df), -t);
}

double quantile_of(double probability, double df) {
  return std::isinf(df) ? normal_quantile(probability) : quantile(boost::math::students_t(df), probability);
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

double t_quantile(double probability, double df, double t_share, double rest_df) {
  require_reference(df, t_share, rest_df);
  if (t_share == 1 || df == rest_df) return quantile_of(probability, df);
  if (t_share == 0) return quantile_of(probability, rest_df);
  // The mixture's quantile lies between those of its parts; more degrees of freedom, the nearer to 0.
  double near = quantile_of(probability, std::max(df, rest_df));
  double far = quantile_of(probability, std::min(df, rest_df));
  constexpr double kDigits = 1e-13;
  while (std::abs(far - near) > kDigits * std::abs(far)) {
    const double middle = 0.5 * (near + far);
    const bool beyond = probability > 0.5 ? upper_tail(middle, df, t_share, rest_df) > 1 - probability
                                          : upper_tail(-middle, df, t_share, rest_df) > probability;
    (beyond ? near : far) = middle;
  }
  return 0.5 * (near + far);
}

double upper_tail(double t, double df, double t_share, double rest_df) {
  require_reference(df, t_share, rest_df);
  if (t_share == 1) return tail_of(t, df);
  if (t_share == 0) return tail_of(t, rest_df);
  return t_share * tail_of(t, df) + (1 - t_share) * tail_of(t, rest_df);
}

double two_sided_p(double t, double df, double t_share, double rest_df) {
  return 2 * upper_tail(std::abs(t), df, t_share, rest_df);
}

Estimate t_interval(double value, double se, double df, double confidence, double null, double t_share,
                    double rest_df) {
  detail::require_confidence(confidence);
  if (!std::isfinite(value) || !std::isfinite(se)) return cannot_estimate("a figure is not a number");
  if (!(se > 0)) return cannot_estimate("no spread to estimate an interval from");
  Estimate e;
  e.value = value;
  e.se = se;
  e.df = df;
  e.t_share = t_share;
  e.rest_df = rest_df;
  const double half = t_quantile(0.5 + confidence / 2, df, t_share, rest_df) * se;
  e.low = value - half;
  e.high = value + half;
  e.p = two_sided_p((value - null) / se, df, t_share, rest_df);
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
  const double half = t_quantile(0.5 + confidence / 2, e.df, e.t_share, e.rest_df) * spread;
  e.low = back(logit(e.value) - half);
  e.high = back(logit(e.value) + half);
  e.p = null > 0 && null < 1
            ? two_sided_p((logit(e.value) - logit(null)) / spread, e.df, e.t_share, e.rest_df)
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
  const auto quantile = [&](double probability) {
    return t_quantile(probability, difference.df, difference.t_share, difference.rest_df);
  };
  return (quantile(1 - alpha / 2) + quantile(power)) * difference.se;
}

}  // namespace dsx::statistics
