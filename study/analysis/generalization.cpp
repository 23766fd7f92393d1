// How well the best checkpoints do on each split, and how far the splits lie apart. Accuracy and F1 at the
// threshold that val froze (on val itself they are a little too good), and at .5, as the original reported
// them.
#include "study/analysis/generalization.hpp"

#include <cmath>

#include "study/statistics/auc.hpp"
#include "study/statistics/decision.hpp"
#include "study/statistics/weighted.hpp"

namespace dsx::analysis {
namespace {

constexpr data::Split kSplits[] = {data::Split::train, data::Split::val, data::Split::test};
const std::vector<std::string>& rank_metrics() {
  static const std::vector<std::string> names = {"auc", "pr_auc", "loss"};
  return names;
}
const std::vector<std::string>& half_metrics() {
  static const std::vector<std::string> names = {"accuracy_half", "f1_half", "precision_half", "recall_half"};
  return names;
}
const std::vector<std::string>& youden_metrics() {
  static const std::vector<std::string> names = {"accuracy", "f1"};
  return names;
}

std::vector<std::string> within(const std::string& split, const std::vector<std::string>& metrics) {
  std::vector<std::string> names;
  for (const auto& metric : metrics) names.push_back(split + "/" + metric);
  return names;
}

FigureRange range_of(const std::string& metric) {
  FigureRange range{0, 1, statistics::kNotEstimable};
  if (metric == "loss") range.most = INFINITY;
  if (metric == "auc") range.null = 0.5;
  return range;
}

// log(1 + exp(-z)) for a positive, without overflow.
double loss_of(double logit, bool positive) {
  const double wrong = positive ? -logit : logit;
  return std::max(wrong, 0.0) + std::log1p(std::exp(-std::abs(wrong)));
}

CellCompute rank_compute(const JudgedSplit& split, std::size_t which) {
  std::vector<double> losses;
  for (std::size_t i = 0; i < split.logits.size(); ++i)
    losses.push_back(loss_of(split.logits[i], split.positive[i] != 0));
  return [ranked = statistics::RankedScores(split.logits, split.positive), losses, which](
             const SplitWeights& weights, std::span<double> out) {
    const auto& w = weights[which];
    double loss = 0, count = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      loss += w[i] * losses[i];
      count += w[i];
    }
    out[0] = ranked.auc(w);
    out[1] = ranked.average_precision(w);
    out[2] = loss / count;
  };
}

CellCompute count_compute(const JudgedSplit& split, std::vector<std::uint8_t> decided, std::size_t which,
                          bool all_four) {
  return [&split, decided = std::move(decided), which, all_four](const SplitWeights& weights,
                                                                 std::span<double> out) {
    const statistics::WeightedCounts counts =
        statistics::weighted_counts(decided, split.positive, weights[which]);
    out[0] = counts.accuracy();
    out[1] = counts.f1();
    if (!all_four) return;
    out[2] = counts.ppv();
    out[3] = counts.sensitivity();
  };
}

// One split of one cell with the interval that each metric's own method gives; the bootstrap where there is
// none.
void add_metric_rows(const Analysis& analysis, std::size_t c, data::Split which, ResultTable& table) {
  const JudgedCell& cell = analysis.comparison.cells[c];
  const JudgedSplit& split = cell.of(which);
  const std::string name = data::to_string(which);
  const statistics::IntervalOptions options{analysis.comparison.options.confidence,
                                            analysis.comparison.options.minimum};
  const auto add = [&](const std::string& metric, const statistics::Estimate& estimate) {
    table.add(labels_of(cell) + std::vector<ResultValue>{name, metric} + values_of(estimate));
  };
  if (!split.too_little.empty()) {
    for (const auto* metrics : {&rank_metrics(), &youden_metrics(), &half_metrics()})
      for (const std::string& metric : *metrics) add(metric, statistics::cannot_estimate(split.too_little));
    return;
  }
  add("auc", statistics::auc_estimate(split.logits, split.positive, split.subjects, options));
  for (const char* metric : {"pr_auc", "loss"}) add(metric, analysis.figures.of_cell(c, name + "/" + metric));
  const statistics::Threshold& youden = cell.thresholds.at("youden");
  if (youden.estimable()) {
    const auto metrics = statistics::decision_metrics(decisions(cell, which, "youden"), split.positive,
                                                      split.subjects, options);
    add("accuracy", metrics.accuracy);
    add("f1", metrics.f1);
  } else {
    for (const std::string& metric : youden_metrics())
      add(metric, statistics::cannot_estimate(youden.not_estimable));
  }
  const auto half =
      statistics::decision_metrics(decisions(cell, which, "half"), split.positive, split.subjects, options);
  add("accuracy_half", half.accuracy);
  add("f1_half", half.f1);
  add("precision_half", half.ppv);
  add("recall_half", half.sensitivity);
}

// DeLong's paired test, seed by seed: how each seed alone would have answered.
ResultTable delong_table(const Comparison& comparison) {
  ResultTable table = make_table("auc_delong", "paired DeLong tests of each seed: AUC(a) - AUC(b)",
                                 std::vector<std::string>{"noise_kind", "noise", "train_images", "seed",
                                                          "variant_a", "variant_b", "split"} +
                                     estimate_columns());
  const statistics::IntervalOptions options{comparison.options.confidence, comparison.options.minimum};
  for (const NoiseLevel& noise : comparison.noises)
    for (const auto& [a, b] : comparison.pairs()) {
      const auto of_b = comparison.seeds_of(noise, b);
      for (const auto& [seed, cell_a] : comparison.seeds_of(noise, a)) {
        const auto cell_b = of_b.find(seed);
        if (cell_b == of_b.end()) continue;
        for (const data::Split which : {data::Split::val, data::Split::test}) {
          const JudgedSplit& x = comparison.cells[cell_a].of(which);
          const JudgedSplit& y = comparison.cells[cell_b->second].of(which);
          const statistics::Estimate difference =
              x.too_little.empty()
                  ? statistics::auc_difference(x.logits, y.logits, x.positive, x.subjects, options)
                  : statistics::cannot_estimate(x.too_little);
          table.add(labels_of(noise) +
                    std::vector<ResultValue>{static_cast<double>(seed), a, b, data::to_string(which)} +
                    values_of(difference));
        }
      }
    }
  return table;
}

void add_gaps(Analysis& analysis) {
  Topic topic{"gap", "generalization gaps: first split minus second", {"gap", "metric"}, {}};
  const std::pair<const char*, const char*> gaps[] = {{"train", "val"}, {"val", "test"}, {"train", "test"}};
  for (const auto& [first, second] : gaps)
    for (const std::string metric : {"auc", "pr_auc", "loss", "accuracy", "f1", "accuracy_half"}) {
      const double most = metric == "loss" ? INFINITY : 1;
      topic.figures.push_back(
          {{std::string(first) + "-" + second, metric},
           {{std::string(first) + "/" + metric, 1}, {std::string(second) + "/" + metric, -1}},
           {-most, most, 0}});
    }
  add_topic(analysis.comparison, analysis.figures, topic, analysis.results, analysis.records);
}

}  // namespace

void add_generalization_figures(Analysis& analysis) {
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c) {
    const JudgedCell& cell = analysis.comparison.cells[c];
    for (const data::Split which : kSplits) {
      const JudgedSplit& split = cell.of(which);
      const auto place = static_cast<std::size_t>(which);
      const std::string name = data::to_string(which);
      const statistics::Threshold& youden = cell.thresholds.at("youden");
      const auto too_little = !split.too_little.empty() ? split.too_little : youden.not_estimable;
      analysis.figures.add(c, within(name, rank_metrics()), rank_compute(split, place), split.too_little);
      analysis.figures.add(c, within(name, half_metrics()),
                           count_compute(split, decisions(cell, which, "half"), place, true),
                           split.too_little);
      analysis.figures.add(c, within(name, youden_metrics()),
                           too_little.empty()
                               ? count_compute(split, decisions(cell, which, "youden"), place, false)
                               : CellCompute{},
                           too_little);
    }
  }
}

void add_generalization_tables(Analysis& analysis) {
  ResultTable seeds = make_table("generalization_seed", "each seed on each split",
                                 std::vector<std::string>{"noise_kind", "noise", "train_images", "variant",
                                                          "seed", "learnt", "split", "metric"} +
                                     estimate_columns());
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c)
    for (const data::Split which : kSplits) add_metric_rows(analysis, c, which, seeds);
  analysis.results.tables.push_back(std::move(seeds));
  Topic topic{"generalization", "over seeds, on each split", {"split", "metric"}, {}};
  for (const data::Split which : kSplits)
    for (const auto* metrics : {&rank_metrics(), &youden_metrics(), &half_metrics()})
      for (const std::string& metric : *metrics)
        topic.figures.push_back({{data::to_string(which), metric},
                                 {{data::to_string(which) + "/" + metric, 1}},
                                 range_of(metric)});
  add_topic(analysis.comparison, analysis.figures, topic, analysis.results, analysis.records);
  analysis.results.tables.push_back(delong_table(analysis.comparison));
  add_gaps(analysis);
}

}  // namespace dsx::analysis
