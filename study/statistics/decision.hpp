// What a classifier decides at a frozen threshold, with intervals: the ratios of the confusion matrix, and
// decision bias (does it call more images positive than there are?). And the same for two classifiers on the
// same images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "study/statistics/auc.hpp"
#include "study/statistics/proportion.hpp"

namespace dsx::statistics {

// 1 where score >= threshold.
std::vector<std::uint8_t> decide(std::span<const double> scores, double threshold);

struct DecisionCounts {
  std::size_t tp = 0, fp = 0, tn = 0, fn = 0;
  std::size_t count() const { return tp + fp + tn + fn; }
};
DecisionCounts decision_counts(Labels predicted, Labels positive);

// Intervals: Wilson's, or by subject (proportion.hpp). A ratio over fewer than options.minimum images is not
// estimable.
// - f1: monotone in TP / (TP + FP + FN), 2 J / (1 + J), whose interval it maps.
// - excess_positive: predicted-positive rate minus prevalence, (FP - FN) / n; a paired difference with its p.
// - bias_ratio: predicted-positive rate over prevalence, (TP + FP) / (TP + FN); interval on the log scale by
//   linearisation, without subjects se^2 = (FP + FN) / ((TP + FP) (TP + FN)), the paired ratio's (Nam &
//   Blackwelder 2002, Stat. Med. 21:689); p against 1 is excess_positive's.
struct DecisionMetrics {
  DecisionCounts counts;
  Estimate sensitivity, specificity, false_positive_rate, false_negative_rate;
  Estimate ppv, npv, accuracy, f1;
  Estimate predicted_positive_rate, prevalence, excess_positive, bias_ratio;
};
DecisionMetrics decision_metrics(Labels predicted, Labels positive, SubjectIds subjects = {},
                                 const IntervalOptions& options = {});

// a minus b on the same images; p is McNemar's exact without subjects, the score test by subject with them
// (proportion.hpp).
struct DecisionDifferences {
  Estimate sensitivity, specificity, accuracy, predicted_positive_rate;
  PairedCounts on_positives, on_negatives;  // "yes" is: called positive
};
DecisionDifferences decision_differences(Labels predicted_a, Labels predicted_b, Labels positive,
                                         SubjectIds subjects = {}, const IntervalOptions& options = {});

}  // namespace dsx::statistics
