#include "study/mechanism/network_tables.hpp"

#include <algorithm>
#include <cmath>

#include "study/analysis/figures.hpp"
#include "study/mechanism/image_columns.hpp"
#include "study/mechanism/maps.hpp"
#include "study/statistics/decision.hpp"
#include "study/statistics/weighted.hpp"

namespace dsx::mechanism {
namespace {

using analysis::FigureRange;
using analysis::JudgedCell;
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNoTest = statistics::kNotEstimable;

// One figure: its place in the topic's table, its range, and what it tests against.
struct Described {
  std::vector<std::string> labels;
  FigureRange range;
};

std::string figure_of(const char* topic, const std::vector<std::string>& labels) {
  std::string name = topic;
  for (const std::string& label : labels) name += "/" + label;
  return name;
}

// Figures of one topic, cell after cell, then the topic itself.
class TopicMaker {
 public:
  TopicMaker(const char* topic, std::string title, std::vector<std::string> label_columns)
      : topic_{topic, std::move(title), std::move(label_columns), {}} {}

  // Figures that one function computes. The first cell decides which figures the topic has.
  void add(analysis::Figures& figures, std::size_t cell, const std::vector<Described>& described,
           analysis::CellCompute compute, const std::string& reason) {
    std::vector<std::string> names;
    for (const Described& d : described) {
      names.push_back(figure_of(topic_.name.c_str(), d.labels));
      if (cell == 0)
        topic_.figures.push_back({{d.labels.begin(), d.labels.end()}, {{names.back(), 1}}, d.range});
    }
    figures.add(cell, names, reason.empty() ? std::move(compute) : analysis::CellCompute{}, reason);
  }
  // A figure that is one minus another; both were added.
  void add_change(std::size_t cell, const Described& change, const std::vector<std::string>& of,
                  const std::vector<std::string>& from) {
    if (cell != 0) return;
    topic_.figures.push_back(
        {{change.labels.begin(), change.labels.end()},
         {{figure_of(topic_.name.c_str(), of), 1}, {figure_of(topic_.name.c_str(), from), -1}},
         change.range});
  }
  const analysis::Topic& topic() const { return topic_; }

 private:
  analysis::Topic topic_;
};

struct ColumnsOf {
  const CellMechanism& found;
  const Column& operator()(const std::string& name) const { return found.columns.at(name); }
};

void add_layer(analysis::Figures& figures, std::size_t c, const JudgedCell& cell, const CellMechanism& found,
               const std::string& layer, TopicMaker& topic) {
  const ColumnsOf column{found};
  std::vector<Described> described;
  std::vector<Column> columns;
  const auto add = [&](const char* place, const char* metric, Column values, FigureRange range) {
    described.push_back({{layer, place, metric}, range});
    columns.push_back(std::move(values));
  };
  const auto of = [&](const char* side, const char* metric) -> const Column& {
    return column("layer/" + layer + "/" + side + "/" + metric);
  };
  std::map<std::string, Column> tails;
  for (const char* side : {"before", "after"}) {
    tails[side] = quotient(of(side, "p99"), of(side, "mean"));
    add(side, "mean", of(side, "mean"), {0, kInfinite, kNoTest});
    add(side, "zeros", of(side, "zeros"), {0, 1, kNoTest});
    add(side, "tail", tails[side], {0, kInfinite, kNoTest});
    add(side, "high_frequencies", of(side, "high_frequencies"), {0, 1, kNoTest});
  }
  add("change", "mean", quotient(of("after", "mean"), of("before", "mean")), {0, kInfinite, 1});
  add("change", "p99", quotient(of("after", "p99"), of("before", "p99")), {0, kInfinite, 1});
  add("change", "tail", quotient(tails["after"], tails["before"]), {0, kInfinite, 1});
  add("change", "zeros", difference(of("after", "zeros"), of("before", "zeros")), {-1, 1, 0});
  // Any map has more of them on a smaller grid: against every second pixel, where nothing is smoothed.
  add("change", "high_frequencies",
      difference(of("after", "high_frequencies"), of("every_second", "high_frequencies")), {-1, 1, 0});
  // One by one, since an image whose activations are all 0 has some of them and not others.
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const std::string reason = cell.of(data::Split::test).too_little;
    topic.add(figures, c, {described[k]}, means_of({columns[k]}),
              reason.empty() ? why_no_mean({columns[k]}) : reason);
  }
}

void add_logit(analysis::Figures& figures, std::size_t c, const JudgedCell& cell, const CellMechanism& found,
               TopicMaker& topic) {
  static const std::vector<std::string> metrics = {"logit", "positive", "negative", "bias", "border"};
  const analysis::JudgedSplit& test = cell.of(data::Split::test);
  for (const bool positive : {false, true}) {
    std::vector<Described> described;
    std::vector<Column> columns;
    for (const std::string& metric : metrics) {
      const FigureRange range =
          metric == "border" ? FigureRange{0, 1, kNoTest} : FigureRange{-kInfinite, kInfinite, kNoTest};
      described.push_back({{cell.cell->class_names[positive ? 1 : 0], metric}, range});
      if (found.no_parts.empty())
        columns.push_back(of_class(found.columns.at("logit/" + metric), test.positive, positive));
    }
    std::string reason = !test.too_little.empty() ? test.too_little : found.no_parts;
    if (reason.empty()) reason = why_no_mean(columns);
    topic.add(figures, c, described, reason.empty() ? means_of(columns) : analysis::CellCompute{}, reason);
  }
}

// Rates of the decisions at a threshold on the logit.
analysis::CellCompute rates_of(const Column& logits, const std::vector<std::uint8_t>& positive,
                               double threshold) {
  std::vector<std::uint8_t> decided;
  for (const double logit : logits) decided.push_back(logit >= threshold);
  return [decided, &positive](const analysis::SplitWeights& weights, std::span<double> out) {
    const auto counts =
        statistics::weighted_counts(decided, positive, weights[static_cast<std::size_t>(data::Split::test)]);
    out[0] = counts.sensitivity();
    out[1] = counts.specificity();
    out[2] = counts.predicted_positive_rate();
  };
}

// Images called positive at probability .5 beyond those that are.
Column excess_of(const Column& logits, const std::vector<std::uint8_t>& positive) {
  Column excess;
  for (std::size_t i = 0; i < logits.size(); ++i)
    excess.push_back(static_cast<double>(logits[i] >= 0) - static_cast<double>(positive[i] != 0));
  return excess;
}

double sd_of(const Column& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean) / static_cast<double>(values.size());
  return std::sqrt(squares);
}

// Mean change of the logit, and mean size of the change, in standard deviations of the network's logits.
std::vector<Column> changes_of(const Column& logits, const Column& whole) {
  const double sd = sd_of(whole);
  std::vector<Column> changes(2);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    changes[0].push_back((logits[i] - whole[i]) / sd);
    changes[1].push_back(std::abs(changes[0].back()));
  }
  return changes;
}

void add_view(analysis::Figures& figures, std::size_t c, const JudgedCell& cell, const CellMechanism& found,
              const std::string& view, TopicMaker& topic) {
  const analysis::JudgedSplit& test = cell.of(data::Split::test);
  const Column &logits = found.columns.at("view/" + view), &whole = found.columns.at("view/whole");
  const std::string& reason = test.too_little;
  analysis::CellCompute auc;
  if (reason.empty())
    auc = [ranked = statistics::RankedScores(logits, test.positive)](const analysis::SplitWeights& weights,
                                                                     std::span<double> out) {
      out[0] = ranked.auc(weights[static_cast<std::size_t>(data::Split::test)]);
    };
  topic.add(figures, c, {{{view, "auc"}, {0, 1, 0.5}}}, auc, reason);
  const statistics::Threshold& youden = cell.thresholds.at("youden");
  const std::string why = reason.empty() ? youden.not_estimable : reason;
  const FigureRange rate{0, 1, kNoTest}, change{-1, 1, 0};
  const std::vector<std::string> rates = {"sensitivity", "specificity", "predicted_positive_rate"};
  std::vector<Described> described;
  for (const std::string& metric : rates) described.push_back({{view, metric}, rate});
  topic.add(figures, c, described,
            why.empty() ? rates_of(logits, test.positive, youden.value) : analysis::CellCompute{}, why);
  topic.add(figures, c, {{{view, "excess_positive"}, change}}, means_of({excess_of(logits, test.positive)}),
            reason);
  if (view == "whole") return;
  topic.add(figures, c,
            {{{view, "logit_shift"}, {-kInfinite, kInfinite, 0}},
             {{view, "logit_change"}, {0, kInfinite, kNoTest}}},
            means_of(changes_of(logits, whole)), reason);
  topic.add_change(c, {{view, "auc_change"}, change}, {view, "auc"}, {"whole", "auc"});
  for (const std::string& metric : rates)
    topic.add_change(c, {{view, metric + "_change"}, change}, {view, metric}, {"whole", metric});
}

void add_windows(analysis::Figures& figures, std::size_t c, const JudgedCell& cell,
                 const CellMechanism& found, TopicMaker& topic) {
  const int size = cell.cell->settings.size;
  const Column& shares = found.columns.at("windows/border_share");
  const double area = Frame(size, size).area_share(size, size);
  Column excess;  // over evidence that is spread evenly
  for (const double share : shares) excess.push_back(share - area);
  const std::string& reason = cell.of(data::Split::test).too_little;
  topic.add(figures, c,
            {{{"windows", "border_share"}, {0, 1, kNoTest}}, {{"windows", "border_excess"}, {-1, 1, 0}}},
            means_of({shares, excess}), reason.empty() ? why_no_mean({shares}) : reason);
}

}  // namespace

void add_network_tables(const std::vector<analysis::Cell>& cells, const std::vector<CellMechanism>& found,
                        const analysis::CompareOptions& options, Mechanism& mechanism) {
  const analysis::Comparison comparison =
      cells.empty() ? analysis::Comparison{} : analysis::make_comparison(cells, options);
  analysis::Figures figures(comparison);
  TopicMaker layers(kLayersTopic, "activations around each downsampling", {"layer", "place", "metric"});
  TopicMaker logit(kLogitTopic, "how the logit is made up, by class", {"class", "metric"});
  TopicMaker border(kBorderTopic, "test images seen with their border covered, exchanged or alone, or noisy",
                    {"seen", "metric"});
  for (std::size_t c = 0; c < comparison.cells.size(); ++c) {
    // In the comparison's order, which is that of `cells`.
    const JudgedCell& cell = comparison.cells[c];
    for (const std::string& layer : found[c].layers) add_layer(figures, c, cell, found[c], layer, layers);
    add_logit(figures, c, cell, found[c], logit);
    for (const std::string& view : views()) add_view(figures, c, cell, found[c], view, border);
    add_windows(figures, c, cell, found[c], border);
  }
  if (!comparison.cells.empty()) figures.run();
  analysis::ComparisonResults results;
  for (const TopicMaker* maker : {&layers, &logit, &border})
    analysis::add_topic(comparison, figures, maker->topic(), results, mechanism.records);
  for (auto& table : results.tables) mechanism.tables.push_back(std::move(table));
  for (auto& table : map_tables(cells, found)) mechanism.tables.push_back(std::move(table));
}

}  // namespace dsx::mechanism
