// Sums run in double and in index order, so that the same logits give the same figures bit by bit.
#include "study/training/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "study/statistics/thresholds.hpp"

namespace dsx::training {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? kNan : static_cast<double>(part) / static_cast<double>(whole);
}

bool is_positive(float label) { return label > 0.5F; }

bool any_nan(std::span<const float> values) {
  return std::any_of(values.begin(), values.end(), [](float v) { return std::isnan(v); });
}

std::vector<std::size_t> ascending(std::span<const float> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  return order;
}

}  // namespace

std::vector<std::pair<std::string, double>> metric_fields(const Metrics& m) {
  return {{"loss", m.loss},     {"accuracy", m.accuracy},       {"precision", m.precision},
          {"recall", m.recall}, {"specificity", m.specificity}, {"f1", m.f1},
          {"auc", m.auc}};
}

double sigmoid(double logit) {
  if (logit >= 0) return 1 / (1 + std::exp(-logit));
  const double e = std::exp(logit);
  return e / (1 + e);
}

Confusion confusion_at(std::span<const float> logits, std::span<const float> labels, double logit_threshold) {
  Confusion c;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool predicted = static_cast<double>(logits[i]) >= logit_threshold;
    if (is_positive(labels[i])) {
      ++(predicted ? c.tp : c.fn);
    } else {
      ++(predicted ? c.fp : c.tn);
    }
  }
  return c;
}

double bce_loss(std::span<const float> logits, std::span<const float> labels) {
  if (logits.empty()) return kNan;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double z = logits[i];
    sum += std::max(z, 0.0) - z * static_cast<double>(labels[i]) + std::log1p(std::exp(-std::abs(z)));
  }
  return sum / static_cast<double>(logits.size());
}

Metrics compute_metrics(std::span<const float> logits, std::span<const float> labels,
                        double logit_threshold) {
  Metrics m;
  m.count = logits.size();
  m.threshold = sigmoid(logit_threshold);
  m.loss = bce_loss(logits, labels);
  m.auc = roc_auc(logits, labels);
  const Confusion c = m.confusion = confusion_at(logits, labels, logit_threshold);
  m.accuracy = ratio(c.tp + c.tn, c.count());
  m.precision = ratio(c.tp, c.tp + c.fp);
  m.recall = ratio(c.tp, c.tp + c.fn);
  m.specificity = ratio(c.tn, c.tn + c.fp);
  m.f1 = ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn);
  return m;
}

double roc_auc(std::span<const float> scores, std::span<const float> labels) {
  if (any_nan(scores)) return kNan;
  const std::vector<std::size_t> order = ascending(scores);
  double wins = 0;  // pairs (positive, negative) with the positive above; ties count half
  double negatives_below = 0, positives = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t tied_positives = 0, tied_negatives = 0;
    const float score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i)
      ++(is_positive(labels[order[i]]) ? tied_positives : tied_negatives);
    wins +=
        static_cast<double>(tied_positives) * (negatives_below + 0.5 * static_cast<double>(tied_negatives));
    negatives_below += static_cast<double>(tied_negatives);
    positives += static_cast<double>(tied_positives);
  }
  if (positives == 0 || negatives_below == 0) return kNan;
  return wins / (positives * negatives_below);
}

double youden_threshold(std::span<const float> logits, std::span<const float> labels) {
  std::vector<std::uint8_t> positive(labels.size());
  std::transform(labels.begin(), labels.end(), positive.begin(), is_positive);
  return statistics::choose_youden(std::vector<double>(logits.begin(), logits.end()), positive, 1).value;
}

}  // namespace dsx::training
