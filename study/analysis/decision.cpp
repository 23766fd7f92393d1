// What the variants decide on test at thresholds that val froze: which mistakes they make, and whether they
// call more images positive than there are.
#include "study/analysis/decision.hpp"

#include <cmath>

#include "study/statistics/decision.hpp"
#include "study/statistics/weighted.hpp"

namespace dsx::analysis {
namespace {

struct DecisionMetric {
  const char* name;
  double (*of)(const statistics::WeightedCounts& counts);
  statistics::Estimate statistics::DecisionMetrics::*interval;  // of one seed
  bool is_signed;  // -1 to 1, tested against 0; others are 0 to 1
};

double prevalence(const statistics::WeightedCounts& c) { return (c.tp + c.fn) / (c.tp + c.fp + c.tn + c.fn); }

const std::vector<DecisionMetric>& metric_table() {
  using W = statistics::WeightedCounts;
  static const std::vector<DecisionMetric> table = {
      {"sensitivity", [](const W& c) { return c.sensitivity(); }, &statistics::DecisionMetrics::sensitivity,
       false},
      {"specificity", [](const W& c) { return c.specificity(); }, &statistics::DecisionMetrics::specificity,
       false},
      {"false_positive_rate", [](const W& c) { return 1 - c.specificity(); },
       &statistics::DecisionMetrics::false_positive_rate, false},
      {"false_negative_rate", [](const W& c) { return 1 - c.sensitivity(); },
       &statistics::DecisionMetrics::false_negative_rate, false},
      {"ppv", [](const W& c) { return c.ppv(); }, &statistics::DecisionMetrics::ppv, false},
      {"npv", [](const W& c) { return c.npv(); }, &statistics::DecisionMetrics::npv, false},
      {"accuracy", [](const W& c) { return c.accuracy(); }, &statistics::DecisionMetrics::accuracy, false},
      {"f1", [](const W& c) { return c.f1(); }, &statistics::DecisionMetrics::f1, false},
      {"predicted_positive_rate", [](const W& c) { return c.predicted_positive_rate(); },
       &statistics::DecisionMetrics::predicted_positive_rate, false},
      {"excess_positive", [](const W& c) { return c.predicted_positive_rate() - prevalence(c); },
       &statistics::DecisionMetrics::excess_positive, true}};
  return table;
}

std::string decision_figure(const std::string& rule, const std::string& metric) {
  return "decision/" + rule + "/" + metric;
}

std::string why_not(const JudgedCell& cell, const std::string& rule) {
  const JudgedSplit& test = cell.of(data::Split::test);
  return test.too_little.empty() ? cell.thresholds.at(rule).not_estimable : test.too_little;
}

void add_decision_rows(const JudgedCell& cell, const std::string& rule, const CompareOptions& options,
                       ResultTable& seeds, ResultTable& confusion) {
  const JudgedSplit& test = cell.of(data::Split::test);
  const std::string reason = why_not(cell, rule);
  statistics::DecisionMetrics metrics;
  if (reason.empty()) {
    metrics = statistics::decision_metrics(decisions(cell, data::Split::test, rule), test.positive,
                                           test.subjects, {options.confidence, options.minimum});
    const statistics::DecisionCounts& n = metrics.counts;
    const double share = static_cast<double>(n.tp + n.fn) / static_cast<double>(n.count());
    confusion.add(labels_of(cell) +
                  std::vector<ResultValue>{rule, static_cast<double>(n.tp), static_cast<double>(n.fp),
                                           static_cast<double>(n.tn), static_cast<double>(n.fn), share});
  }
  for (const DecisionMetric& metric : metric_table())
    seeds.add(labels_of(cell) + std::vector<ResultValue>{rule, metric.name} +
              values_of(reason.empty() ? metrics.*metric.interval : statistics::cannot_estimate(reason)));
}

ResultTable threshold_table(const Comparison& comparison) {
  ResultTable table =
      make_table("thresholds", "decision thresholds that val chose",
                 {"noise_kind", "noise", "train_images", "variant", "seed", "learnt", "rule", "logit",
                  "probability", "val_sensitivity", "val_specificity", "not_estimable"});
  for (const JudgedCell& cell : comparison.cells)
    for (const Rule& rule : comparison.rules) {
      const statistics::Threshold& t = cell.thresholds.at(rule.name);
      table.add(labels_of(cell) + std::vector<ResultValue>{rule.name, t.value, 1 / (1 + std::exp(-t.value)),
                                                           t.sensitivity, t.specificity, t.not_estimable});
    }
  return table;
}

}  // namespace

void add_decision_figures(Analysis& analysis) {
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c) {
    const JudgedCell& cell = analysis.comparison.cells[c];
    for (const Rule& rule : analysis.comparison.rules) {
      std::vector<std::string> names;
      for (const DecisionMetric& metric : metric_table())
        names.push_back(decision_figure(rule.name, metric.name));
      const std::string reason = why_not(cell, rule.name);
      CellCompute compute;
      if (reason.empty())
        compute = [&cell, decided = decisions(cell, data::Split::test, rule.name)](
                      const SplitWeights& weights, std::span<double> out) {
          const auto counts =
              statistics::weighted_counts(decided, cell.of(data::Split::test).positive,
                                          weights[static_cast<std::size_t>(data::Split::test)]);
          std::size_t at = 0;
          for (const DecisionMetric& metric : metric_table()) out[at++] = metric.of(counts);
        };
      analysis.figures.add(c, names, compute, reason);
    }
  }
}

void add_decision_tables(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  const std::vector<std::string> of_cell{"noise_kind", "noise",  "train_images", "variant",
                                         "seed",       "learnt", "rule"};
  ResultTable seeds = make_table("decision_seed", "decisions of each seed on test",
                                 of_cell + std::vector<std::string>{"metric"} + estimate_columns());
  ResultTable confusion =
      make_table("confusion", "counts on test",
                 of_cell + std::vector<std::string>{"tp", "fp", "tn", "fn", "prevalence"});
  for (const JudgedCell& cell : comparison.cells)
    for (const Rule& rule : comparison.rules)
      add_decision_rows(cell, rule.name, comparison.options, seeds, confusion);
  analysis.results.tables.push_back(threshold_table(comparison));
  analysis.results.tables.push_back(std::move(confusion));
  analysis.results.tables.push_back(std::move(seeds));
  Topic topic{"decision", "decisions on test, over seeds", {"rule", "metric"}, {}};
  for (const Rule& rule : comparison.rules)
    for (const DecisionMetric& metric : metric_table())
      topic.figures.push_back(
          {{rule.name, metric.name},
           {{decision_figure(rule.name, metric.name), 1}},
           metric.is_signed ? FigureRange{-1, 1, 0} : FigureRange{0, 1, statistics::kNotEstimable}});
  add_topic(comparison, analysis.figures, topic, analysis.results, analysis.records);
}

}  // namespace dsx::analysis
