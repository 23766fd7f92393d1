// What a set of logits is worth against its labels: loss, the counts at a threshold and the ratios made from
// them, AUC, and the threshold that val chooses. A ratio whose denominator is zero is NaN (shown as "n/a"),
// never 0.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dsx::training {

// Counts at a threshold; positive is label 1 (PNEUMONIA).
struct Confusion {
  std::size_t tp = 0, fp = 0, tn = 0, fn = 0;
  std::size_t count() const { return tp + fp + tn + fn; }
};

struct Metrics {
  std::size_t count = 0;
  double threshold = 0.5;  // probability at and above which an image counts as positive
  double loss = 0;         // mean binary cross-entropy
  double accuracy = 0, precision = 0, recall = 0, specificity = 0, f1 = 0;
  double auc = 0;  // does not depend on the threshold
  Confusion confusion;
};

// The names and values of a Metrics in their one order, for tables, JSON and HDF5: loss, accuracy, precision,
// recall, specificity, f1, auc.
std::vector<std::pair<std::string, double>> metric_fields(const Metrics& metrics);

double sigmoid(double logit);

// Labels are 0 or 1 (above .5 counts as 1); logits and labels have one length. `logit_threshold`: 0 is
// probability .5.
Metrics compute_metrics(std::span<const float> logits, std::span<const float> labels,
                        double logit_threshold = 0);
Confusion confusion_at(std::span<const float> logits, std::span<const float> labels, double logit_threshold);

// Mean of log(1 + exp(-z)) over positives and log(1 + exp(z)) over negatives, in a form that never overflows.
double bce_loss(std::span<const float> logits, std::span<const float> labels);

// Area under the ROC curve by the Mann-Whitney statistic: the chance that a positive scores above a negative,
// ties counting half. NaN when a class is missing or a logit is not a number.
double roc_auc(std::span<const float> scores, std::span<const float> labels);

// The logit threshold with the largest Youden index (study/statistics/thresholds.hpp). NaN when a class is
// missing.
double youden_threshold(std::span<const float> logits, std::span<const float> labels);

}  // namespace dsx::training
