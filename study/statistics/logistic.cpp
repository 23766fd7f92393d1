#include "study/statistics/logistic.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "study/statistics/checks.hpp"
#include "study/statistics/folds.hpp"

namespace dsx::statistics {
namespace {

constexpr int kMaxSteps = 100;
constexpr double kTolerance = 1e-10;  // relative decrease of the loss

double log1p_exp(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// Standardised features with a leading 1 per image.
struct Design {
  std::size_t images, columns;
  std::vector<double> rows;
  std::span<const double> row(std::size_t i) const { return std::span(rows).subspan(i * columns, columns); }
};

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

double loss_at(const Design& design, Labels positive, double ridge, const std::vector<double>& beta) {
  double loss = 0;
  for (std::size_t k = 1; k < beta.size(); ++k) loss += ridge / 2 * beta[k] * beta[k];
  for (std::size_t i = 0; i < design.images; ++i) {
    const double logit = dot(design.row(i), beta);
    loss += log1p_exp(positive[i] != 0 ? -logit : logit);
  }
  return loss;
}

// Solves the symmetric positive definite system in place by Cholesky's decomposition.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j * n + j] -= a[j * n + k] * a[j * n + k];
    a[j * n + j] = std::sqrt(std::max(a[j * n + j], 1e-12));
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i * n + j] -= a[i * n + k] * a[j * n + k];
      a[i * n + j] /= a[j * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

std::vector<double> newton_step(const Design& design, Labels positive, double ridge,
                                const std::vector<double>& beta) {
  const std::size_t n = design.columns;
  std::vector<double> hessian(n * n), gradient(n);
  for (std::size_t k = 1; k < n; ++k) {
    hessian[k * n + k] = ridge;
    gradient[k] = ridge * beta[k];
  }
  for (std::size_t i = 0; i < design.images; ++i) {
    const std::span<const double> row = design.row(i);
    const double p = 1 / (1 + std::exp(-dot(row, beta)));
    const double residual = p - (positive[i] != 0 ? 1 : 0), weight = std::max(p * (1 - p), 1e-12);
    for (std::size_t j = 0; j < n; ++j) {
      gradient[j] += residual * row[j];
      for (std::size_t k = 0; k <= j; ++k) hessian[j * n + k] += weight * row[j] * row[k];
    }
  }
  return solve(std::move(hessian), std::move(gradient));
}

void standardise(std::span<const double> features, std::size_t count, LogisticModel& model) {
  const std::size_t images = features.size() / count;
  model.mean.assign(count, 0);
  model.scale.assign(count, 0);
  for (std::size_t i = 0; i < features.size(); ++i)
    model.mean[i % count] += features[i] / static_cast<double>(images);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const double away = features[i] - model.mean[i % count];
    model.scale[i % count] += away * away / static_cast<double>(images);
  }
  for (std::size_t k = 0; k < count; ++k) {
    const double deviation = std::sqrt(model.scale[k]);
    model.scale[k] = deviation > 1e-9 * std::max(1.0, std::abs(model.mean[k])) ? 1 / deviation : 0;
  }
}

}  // namespace

double LogisticModel::logit(std::span<const double> features) const {
  double sum = intercept;
  for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * (features[k] - mean[k]) * scale[k];
  return sum;
}

LogisticModel fit_logistic(std::span<const double> features, std::size_t count, Labels positive,
                           double ridge) {
  const auto positives = static_cast<std::size_t>(
      std::count_if(positive.begin(), positive.end(), [](std::uint8_t y) { return y != 0; }));
  if (count == 0 || features.size() != count * positive.size())
    throw std::invalid_argument("logistic regression: features and labels differ in length");
  if (positives == 0 || positives == positive.size())
    throw std::invalid_argument("logistic regression: a class is missing");
  if (!(ridge > 0)) throw std::invalid_argument("logistic regression: ridge must be above 0");
  if (!std::all_of(features.begin(), features.end(), [](double x) { return std::isfinite(x); }))
    throw std::invalid_argument("logistic regression: a feature is not finite");
  LogisticModel model;
  standardise(features, count, model);
  Design design{positive.size(), count + 1, {}};
  design.rows.reserve(design.images * design.columns);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (i % count == 0) design.rows.push_back(1);
    design.rows.push_back((features[i] - model.mean[i % count]) * model.scale[i % count]);
  }
  std::vector<double> beta(count + 1);
  double loss = loss_at(design, positive, ridge, beta);
  for (int step = 0; step < kMaxSteps; ++step) {
    const std::vector<double> direction = newton_step(design, positive, ridge, beta);
    std::vector<double> next = beta;
    double next_loss = loss, size = 1;
    for (int halving = 0; halving < 30; ++halving, size /= 2) {
      for (std::size_t k = 0; k < beta.size(); ++k) next[k] = beta[k] - size * direction[k];
      next_loss = loss_at(design, positive, ridge, next);
      if (next_loss < loss) break;
    }
    if (!(next_loss < loss)) break;
    const bool done = loss - next_loss < kTolerance * loss;
    beta = std::move(next);
    loss = next_loss;
    if (done) break;
  }
  model.intercept = beta[0];
  model.weights.assign(beta.begin() + 1, beta.end());
  return model;
}

std::vector<double> cross_validated_logits(std::span<const double> features, std::size_t count,
                                           Labels positive, SubjectIds subjects, std::size_t folds,
                                           std::uint64_t seed) {
  const std::vector<std::uint32_t> fold_of = group_folds(positive, subjects, folds, seed);
  std::vector<double> logits(positive.size());
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    std::vector<double> some;
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < positive.size(); ++i) {
      if (fold_of[i] == fold) continue;
      const auto row = features.subspan(i * count, count);
      some.insert(some.end(), row.begin(), row.end());
      labels.push_back(positive[i]);
    }
    const LogisticModel model = fit_logistic(some, count, labels);
    for (std::size_t i = 0; i < positive.size(); ++i)
      if (fold_of[i] == fold) logits[i] = model.logit(features.subspan(i * count, count));
  }
  return logits;
}

}  // namespace dsx::statistics
