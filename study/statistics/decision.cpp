#include "study/statistics/decision.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

using detail::require_same_length;

std::vector<std::uint8_t> where(Labels predicted, Labels positive,
                                const std::function<bool(bool predicted, bool positive)>& holds) {
  std::vector<std::uint8_t> flags(predicted.size());
  for (std::size_t i = 0; i < flags.size(); ++i)
    flags[i] = holds(predicted[i] != 0, positive[i] != 0) ? 1 : 0;
  return flags;
}

// 1 - share, with its interval turned round.
Estimate complement_of(Estimate e) {
  e.value = 1 - e.value;
  const double low = 1 - e.high;
  e.high = 1 - e.low;
  e.low = low;
  return e;
}

// F1 from TP / (TP + FP + FN).
Estimate f1_of(Estimate jaccard) {
  if (!jaccard.estimable()) return jaccard;
  const auto f1 = [](double j) { return 2 * j / (1 + j); };
  jaccard.se *= 2 / ((1 + jaccard.value) * (1 + jaccard.value));
  jaccard.value = f1(jaccard.value);
  jaccard.low = f1(jaccard.low);
  jaccard.high = f1(jaccard.high);
  jaccard.method += ", mapped";
  return jaccard;
}

// Variance between subjects of log((TP + FP) / (TP + FN)), linearised.
double log_ratio_variance(Labels predicted, Labels positive, SubjectIds subjects, double called,
                          double positives) {
  const std::size_t size = subjects.empty()
                               ? predicted.size()
                               : std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1;
  std::vector<double> influence(size);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    influence[subjects.empty() ? i : subjects[i]] +=
        static_cast<double>(predicted[i] != 0) / called - static_cast<double>(positive[i] != 0) / positives;
  const double sum = std::inner_product(influence.begin(), influence.end(), influence.begin(), 0.0);
  if (subjects.empty()) return sum;
  const auto count = static_cast<double>(detail::count_subjects(subjects));
  return sum * count / (count - 1);
}

Estimate bias_ratio_of(Labels predicted, Labels positive, SubjectIds subjects, const DecisionCounts& counts,
                       const Estimate& excess, double confidence) {
  if (!excess.estimable()) return excess;
  const auto called = static_cast<double>(counts.tp + counts.fp),
             positives = static_cast<double>(counts.tp + counts.fn);
  if (called == 0) return cannot_estimate("no image is called positive");
  Estimate e;
  e.value = called / positives;
  e.df = excess.df;
  e.p = excess.p;
  const double variance = log_ratio_variance(predicted, positive, subjects, called, positives);
  if (variance < 1e-20) {  // every decision right: the interval of the excess, in units of the prevalence
    const double prevalence = positives / static_cast<double>(counts.count());
    e.low = std::max(0.0, 1 + excess.low / prevalence);
    e.high = 1 + excess.high / prevalence;
    e.se = excess.se / prevalence;
    e.method = excess.method + ", over prevalence";
    return e;
  }
  const double spread = t_quantile(0.5 + confidence / 2, e.df) * std::sqrt(variance);
  e.low = e.value * std::exp(-spread);
  e.high = e.value * std::exp(spread);
  e.se = e.value * std::sqrt(variance);
  e.method = subjects.empty() ? "log, linearised" : "log, linearised, by subject";
  return e;
}

void give_up(DecisionMetrics& m, const std::string& reason) {
  for (Estimate* e : {&m.ppv, &m.npv, &m.accuracy, &m.f1, &m.predicted_positive_rate, &m.prevalence,
                      &m.excess_positive, &m.bias_ratio})
    *e = cannot_estimate(reason);
}

// The chosen images only, with their subjects.
struct Subset {
  std::vector<std::uint8_t> a, b;
  std::vector<std::uint32_t> subjects;
};

Subset images_of_class(Labels a, Labels b, Labels positive, SubjectIds subjects, bool wanted) {
  Subset chosen;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    if ((positive[i] != 0) != wanted) continue;
    chosen.a.push_back(a[i]);
    chosen.b.push_back(b[i]);
    if (!subjects.empty()) chosen.subjects.push_back(subjects[i]);
  }
  return chosen;
}

}  // namespace

std::vector<std::uint8_t> decide(std::span<const double> scores, double threshold) {
  std::vector<std::uint8_t> predicted(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) predicted[i] = scores[i] >= threshold ? 1 : 0;
  return predicted;
}

DecisionCounts decision_counts(Labels predicted, Labels positive) {
  require_same_length(predicted.size(), positive.size(), {});
  DecisionCounts counts;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    if (positive[i] != 0) {
      ++(predicted[i] != 0 ? counts.tp : counts.fn);
    } else {
      ++(predicted[i] != 0 ? counts.fp : counts.tn);
    }
  }
  return counts;
}

DecisionMetrics decision_metrics(Labels predicted, Labels positive, SubjectIds subjects,
                                 const IntervalOptions& options) {
  require_same_length(predicted.size(), positive.size(), subjects);
  DecisionMetrics m;
  m.counts = decision_counts(predicted, positive);
  const auto share = [&](auto numerator, auto denominator) {
    return ratio_by_subject(where(predicted, positive, numerator), where(predicted, positive, denominator),
                            subjects, options);
  };
  const auto hit = [](bool said, bool is) { return said && is; };
  const auto rejected = [](bool said, bool is) { return !said && !is; };
  const auto is_positive = [](bool, bool is) { return is; };
  const auto said_positive = [](bool said, bool) { return said; };
  const auto any = [](bool, bool) { return true; };
  m.sensitivity = share(hit, is_positive);
  m.specificity = share(rejected, [](bool, bool is) { return !is; });
  m.false_negative_rate = complement_of(m.sensitivity);
  m.false_positive_rate = complement_of(m.specificity);
  for (const Estimate* of_class : {&m.sensitivity, &m.specificity}) {
    if (of_class->estimable()) continue;
    give_up(m, (of_class == &m.sensitivity ? "positives: " : "negatives: ") + of_class->not_estimable);
    return m;
  }
  m.ppv = share(hit, said_positive);
  m.npv = share(rejected, [](bool said, bool) { return !said; });
  m.accuracy = share([](bool said, bool is) { return said == is; }, any);
  m.f1 = f1_of(share(hit, [](bool said, bool is) { return said || is; }));
  m.predicted_positive_rate = share(said_positive, any);
  m.prevalence = share(is_positive, any);
  m.excess_positive = paired_difference_by_subject(predicted, positive, subjects, options);
  m.bias_ratio =
      bias_ratio_of(predicted, positive, subjects, m.counts, m.excess_positive, options.confidence);
  return m;
}

DecisionDifferences decision_differences(Labels predicted_a, Labels predicted_b, Labels positive,
                                         SubjectIds subjects, const IntervalOptions& options) {
  require_same_length(predicted_a.size(), positive.size(), subjects);
  require_same_length(predicted_b.size(), positive.size(), {});
  DecisionDifferences d;
  const auto positives = images_of_class(predicted_a, predicted_b, positive, subjects, true);
  const auto negatives = images_of_class(predicted_a, predicted_b, positive, subjects, false);
  d.on_positives = paired_counts(positives.a, positives.b);
  d.on_negatives = paired_counts(negatives.a, negatives.b);
  d.sensitivity = paired_difference_by_subject(positives.a, positives.b, positives.subjects, options);
  // A minus b in specificity is b minus a in false alarms.
  d.specificity = paired_difference_by_subject(negatives.b, negatives.a, negatives.subjects, options);
  if (!d.sensitivity.estimable() || !d.specificity.estimable()) {
    const std::string reason = !d.sensitivity.estimable() ? "positives: " + d.sensitivity.not_estimable
                                                          : "negatives: " + d.specificity.not_estimable;
    d.accuracy = d.predicted_positive_rate = cannot_estimate(reason);
    return d;
  }
  const auto right = [](bool said, bool is) { return said == is; };
  d.accuracy = paired_difference_by_subject(where(predicted_a, positive, right),
                                            where(predicted_b, positive, right), subjects, options);
  d.predicted_positive_rate = paired_difference_by_subject(predicted_a, predicted_b, subjects, options);
  return d;
}

}  // namespace dsx::statistics
