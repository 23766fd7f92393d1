#include "study/statistics/spread.hpp"

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

double centred_product(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum;
}

// Equal figures leave what rounding made of their mean.
bool is_rounding(double squares, std::span<const double> values) {
  return !(squares > 1e-24 * std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

}  // namespace

Estimate ratio_of_spreads(std::span<const double> a, std::span<const double> b, double confidence) {
  detail::require_confidence(confidence);
  if (a.size() != b.size()) throw std::invalid_argument("spreads are compared over the same seeds");
  if (a.size() < 3) return cannot_estimate("a spread over seeds needs at least 3 seeds");
  const double of_a = centred_product(a, a), of_b = centred_product(b, b), both = centred_product(a, b);
  if (is_rounding(of_a, a) || is_rounding(of_b, b)) return cannot_estimate("no spread between the seeds");
  const double df = static_cast<double>(a.size()) - 2, ratio = of_a / of_b;
  const double unexplained = 1 - both * both / (of_a * of_b);
  if (!(unexplained > 1e-12)) return cannot_estimate("both move together: their spreads have no error");
  Estimate e;
  e.value = std::sqrt(ratio);
  e.df = df;
  const double t = t_quantile(0.5 + confidence / 2, df);
  const double k = 1 + 2 * unexplained * t * t / df;
  e.low = std::sqrt(ratio * (k - std::sqrt(k * k - 1)));
  e.high = std::sqrt(ratio * (k + std::sqrt(k * k - 1)));
  e.p = two_sided_p((ratio - 1) * std::sqrt(df) / std::sqrt(4 * ratio * unexplained), df);
  e.method = "Pitman-Morgan";
  return e;
}

}  // namespace dsx::statistics
