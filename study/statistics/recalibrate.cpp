#include "study/statistics/recalibrate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "study/statistics/calibration.hpp"
#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

constexpr int kMaxNewtonSteps = 100;

// Symmetric 2 x 2: {{a, b}, {b, c}}.
struct Matrix2 {
  double a = 0, b = 0, c = 0;
};

Matrix2 inverse(const Matrix2& m) {
  const double determinant = m.a * m.c - m.b * m.b;
  return {m.c / determinant, -m.b / determinant, m.a / determinant};
}

Matrix2 sandwich(const Matrix2& bread, const Matrix2& filling) {
  const double p = bread.a * filling.a + bread.b * filling.b, q = bread.a * filling.b + bread.b * filling.c;
  const double r = bread.b * filling.a + bread.c * filling.b, s = bread.b * filling.b + bread.c * filling.c;
  return {p * bread.a + q * bread.b, p * bread.b + q * bread.c, r * bread.b + s * bread.c};
}

// P(y = 1) = 1 / (1 + exp(-(offset + intercept + slope * x))).
struct Model {
  std::span<const double> x, offset;
  Labels positive;
  bool with_slope;
};

struct Fit {
  double intercept = 0, slope = 0;
  double log_likelihood = 0;
  double gradient_intercept = 0, gradient_slope = 0;
  Matrix2 information;
};

double residual_of(const Model& model, std::size_t i, double intercept, double slope, double* weight) {
  const double eta = model.offset[i] + intercept + slope * model.x[i];
  const double p = 1 / (1 + std::exp(-eta));
  // p * (1 - p) without losing 1 - p when p is 1 to the last digit.
  *weight = p / (1 + std::exp(eta));
  if (std::isnan(*weight)) *weight = 0;
  return model.positive[i] != 0 ? 1 / (1 + std::exp(eta)) : -p;
}

Fit evaluate(const Model& model, double intercept, double slope) {
  Fit fit;
  fit.intercept = intercept;
  fit.slope = slope;
  for (std::size_t i = 0; i < model.x.size(); ++i) {
    double weight = 0;
    const double residual = residual_of(model, i, intercept, slope, &weight);
    const double x = model.x[i];
    const double eta = model.offset[i] + intercept + slope * x;
    const double toward_truth = model.positive[i] != 0 ? eta : -eta;
    fit.log_likelihood += std::min(toward_truth, 0.0) - std::log1p(std::exp(-std::abs(eta)));
    fit.gradient_intercept += residual;
    fit.gradient_slope += residual * x;
    fit.information.a += weight;
    fit.information.b += weight * x;
    fit.information.c += weight * x * x;
  }
  if (!model.with_slope) {  // the slope is no parameter: leave the intercept's row alone in the matrix
    fit.gradient_slope = 0;
    fit.information.b = 0;
    fit.information.c = 1;
  }
  return fit;
}

// Newton's steps, halved until the likelihood does not fall. A fit that has not converged has NaN parameters.
Fit fit_by_newton(const Model& model, double slope) {
  Fit fit = evaluate(model, 0, slope);
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    const Matrix2 inv = inverse(fit.information);
    double d_intercept = inv.a * fit.gradient_intercept + inv.b * fit.gradient_slope;
    double d_slope = inv.b * fit.gradient_intercept + inv.c * fit.gradient_slope;
    if (!std::isfinite(d_intercept) || !std::isfinite(d_slope)) break;
    if (std::abs(d_intercept) < 1e-12 * (1 + std::abs(fit.intercept)) &&
        std::abs(d_slope) < 1e-12 * (1 + std::abs(fit.slope)))
      return fit;
    Fit next = evaluate(model, fit.intercept + d_intercept, fit.slope + d_slope);
    for (int half = 0; half < 30 && !(next.log_likelihood >= fit.log_likelihood - 1e-9); ++half) {
      d_intercept /= 2;
      d_slope /= 2;
      next = evaluate(model, fit.intercept + d_intercept, fit.slope + d_slope);
    }
    fit = next;
  }
  fit.intercept = fit.slope = kNotEstimable;
  return fit;
}

Matrix2 variance_of(const Model& model, const Fit& fit, SubjectIds subjects) {
  const Matrix2 bread = inverse(fit.information);
  if (subjects.empty()) return bread;
  struct Score {
    double intercept = 0, slope = 0;
  };
  std::vector<Score> scores(std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (std::size_t i = 0; i < model.x.size(); ++i) {
    double weight = 0;
    const double residual = residual_of(model, i, fit.intercept, fit.slope, &weight);
    scores[subjects[i]].intercept += residual;
    scores[subjects[i]].slope += model.with_slope ? residual * model.x[i] : 0;
  }
  const auto count = static_cast<double>(detail::count_subjects(subjects));
  const double factor = count / (count - 1);
  Matrix2 filling;
  for (const auto& s : scores) {
    filling.a += factor * s.intercept * s.intercept;
    filling.b += factor * s.intercept * s.slope;
    filling.c += factor * s.slope * s.slope;
  }
  return sandwich(bread, filling);
}

// Every positive at or above every negative, or the other way round: the likelihood has no maximum.
bool separated(std::span<const double> logits, Labels positive) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double low[2] = {infinity, infinity}, high[2] = {-infinity, -infinity};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const int c = positive[i] != 0;
    low[c] = std::min(low[c], logits[i]);
    high[c] = std::max(high[c], logits[i]);
  }
  return low[1] >= high[0] || low[0] >= high[1];
}

std::string why_not(std::span<const double> logits, Labels positive, SubjectIds subjects,
                    const IntervalOptions& options) {
  detail::require_same_length(logits.size(), positive.size(), subjects);
  if (auto reason = detail::too_little(logits, positive, subjects, options.minimum); !reason.empty())
    return reason;
  const bool finite = std::all_of(logits.begin(), logits.end(), [](double x) { return std::isfinite(x); });
  return finite ? "" : "a logit is infinite";
}

void fit_line(std::span<const double> logits, Labels positive, SubjectIds subjects, double confidence,
              Recalibration& result) {
  // Centred and scaled for the fit, so that no logit scale spoils the matrix.
  double mean = 0, square = 0;
  for (const double x : logits) mean += x / static_cast<double>(logits.size());
  for (const double x : logits) square += (x - mean) * (x - mean) / static_cast<double>(logits.size());
  const double scale = std::sqrt(square);
  std::vector<double> x, none(logits.size());
  for (const double logit : logits) x.push_back((logit - mean) / scale);
  const Model model{x, none, positive, true};
  const Fit fit = fit_by_newton(model, 0);
  if (std::isnan(fit.slope)) {
    result.slope = result.intercept = cannot_estimate("the recalibration does not converge");
    return;
  }
  const Matrix2 v = variance_of(model, fit, subjects);
  const double k = mean / scale;  // intercept = a - slope' * k
  constexpr double infinity = std::numeric_limits<double>::infinity();
  result.slope = t_interval(fit.slope / scale, std::sqrt(v.c) / scale, infinity, confidence, 1);
  result.intercept = t_interval(fit.intercept - fit.slope * k, std::sqrt(v.a - 2 * k * v.b + k * k * v.c),
                                infinity, confidence, 0);
}

}  // namespace

Recalibration recalibrate(std::span<const double> logits, Labels positive, SubjectIds subjects,
                          const IntervalOptions& options) {
  Recalibration result;
  const std::string reason = why_not(logits, positive, subjects, options);
  if (!reason.empty()) {
    result.slope = result.intercept = result.in_the_large = cannot_estimate(reason);
    return result;
  }
  const std::vector<double> none(logits.size());
  const Model shift{none, logits, positive, false};
  const Fit fit = fit_by_newton(shift, 0);
  result.in_the_large = std::isnan(fit.intercept)
                            ? cannot_estimate("the recalibration does not converge")
                            : t_interval(fit.intercept, std::sqrt(variance_of(shift, fit, subjects).a),
                                         std::numeric_limits<double>::infinity(), options.confidence, 0);
  if (separated(logits, positive)) {
    result.slope = result.intercept = cannot_estimate("the classes are perfectly separated: no finite slope");
    return result;
  }
  fit_line(logits, positive, subjects, options.confidence, result);
  for (Estimate* e : {&result.slope, &result.intercept, &result.in_the_large})
    if (e->estimable()) e->method = subjects.empty() ? "Wald" : "Wald, by subject";
  return result;
}

}  // namespace dsx::statistics
