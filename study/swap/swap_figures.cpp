#include "study/swap/swap_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "study/statistics/decision.hpp"
#include "study/statistics/rank_correlation.hpp"
#include "study/statistics/weighted.hpp"

namespace dsx::swap {
namespace {

constexpr const char* kAgain = "_again";
constexpr analysis::FigureRange kShare{0, 1, statistics::kNotEstimable};

std::vector<SwapFigure> list_of_figures() {
  constexpr bool kOfChange = true;
  std::vector<SwapFigure> list;
  const auto add_split = [&](data::Split split, bool all) {
    list.push_back({split, "", "logit", {}, false, true});
    list.push_back({split, "", "auc", kShare, false, true});
    for (const char* rule : {"half", "youden", "sensitivity", "youden_again", "sensitivity_again"})
      for (const char* metric : {"sensitivity", "specificity", "predicted_positive_rate"})
        if (all || std::string(rule) == "half")
          list.push_back({split, rule, metric, kShare, false, std::string(rule) == "half"});
    if (!all) return;
    list.push_back(
        {split, "", "logit_change_sd", {0, INFINITY, statistics::kNotEstimable}, kOfChange, false});
    list.push_back({split, "", "rank_correlation", {-1, 1, statistics::kNotEstimable}, kOfChange, false});
  };
  add_split(data::Split::test, true);
  add_split(data::Split::val, false);
  return list;
}

std::vector<double> widened(const std::vector<float>& logits) { return {logits.begin(), logits.end()}; }

// One split of one cell run with one operator, and the same run with its own.
struct SwapRun {
  std::vector<double> logits, own;
};

double weighted_mean(std::span<const double> values, std::span<const double> weights) {
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    all += weights[i];
  }
  return sum / all;
}

double weighted_sd(std::span<const double> values, std::span<const double> weights) {
  const double mean = weighted_mean(values, weights);
  double squares = 0, all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += weights[i] * (values[i] - mean) * (values[i] - mean);
    all += weights[i];
  }
  return std::sqrt(squares / all);
}

double metric_of(const statistics::WeightedCounts& counts, const std::string& metric) {
  if (metric == "sensitivity") return counts.sensitivity();
  if (metric == "specificity") return counts.specificity();
  return counts.predicted_positive_rate();
}

using OneFigure = std::function<double(std::span<const double> weights)>;

// The rule's threshold on the logit, for a network run as `val` says.
statistics::Threshold threshold_of(const analysis::Analysis& analysis, const analysis::JudgedCell& cell,
                                   const std::string& rule, const std::vector<double>& val) {
  const analysis::CompareOptions& options = analysis.comparison.options;
  const auto& positive = cell.of(data::Split::val).positive;
  if (!rule.ends_with(kAgain)) return cell.thresholds.at(rule);
  statistics::Threshold found =
      rule.starts_with("youden")
          ? statistics::choose_youden(val, positive, options.minimum)
          : statistics::choose_sensitivity(val, positive, options.target_sensitivity, options.minimum);
  if (!found.estimable()) found.not_estimable = "no threshold: " + cell.of(data::Split::val).too_little;
  return found;
}

OneFigure without_threshold(const std::string& metric, const SwapRun& run,
                            const std::vector<std::uint8_t>& positive) {
  if (metric == "logit")
    return [logits = run.logits](auto weights) { return weighted_mean(logits, weights); };
  if (metric == "auc")
    return [ranked = statistics::RankedScores(run.logits, positive)](auto weights) {
      return ranked.auc(weights);
    };
  if (metric == "rank_correlation")
    return
        [both = statistics::RankCorrelation(run.logits, run.own)](auto weights) { return both.of(weights); };
  std::vector<double> change(run.logits.size());
  std::transform(run.logits.begin(), run.logits.end(), run.own.begin(), change.begin(), std::minus<>());
  return [change = std::move(change)](auto weights) { return weighted_sd(change, weights); };
}

OneFigure at_threshold(const std::string& metric, const SwapRun& run, double threshold,
                       const std::vector<std::uint8_t>& positive) {
  return [metric, decided = statistics::decide(run.logits, threshold), &positive](auto weights) {
    return metric_of(statistics::weighted_counts(decided, positive, weights), metric);
  };
}

void add_cell_run(analysis::Analysis& analysis, std::size_t c, std::size_t op, const SwapLogits& logits) {
  const analysis::JudgedCell& cell = analysis.comparison.cells[c];
  const std::string& run_with = run_operators()[op]->name;
  const bool available = logits.not_available.empty();
  const std::size_t own = available ? place_of_operator(cell.cell->variant) : 0;
  for (const SwapFigure& figure : swap_figures()) {
    if (!has_figure(figure, run_with) || (figure.is_of_change && run_with == cell.cell->variant)) continue;
    const analysis::JudgedSplit& split = cell.of(figure.split);
    std::string reason = available ? split.too_little : logits.not_available;
    OneFigure one;
    if (reason.empty()) {
      const SwapRun run{widened(logits.of(figure.split)[op]), widened(logits.of(figure.split)[own])};
      if (figure.rule.empty()) {
        one = without_threshold(figure.metric, run, split.positive);
      } else {
        const statistics::Threshold t = threshold_of(analysis, cell, figure.rule, widened(logits.val[op]));
        reason = t.not_estimable;
        if (reason.empty()) one = at_threshold(figure.metric, run, t.value, split.positive);
      }
    }
    analysis::CellCompute compute;
    if (reason.empty())
      compute = [one = std::move(one), place = static_cast<std::size_t>(figure.split)](
                    const analysis::SplitWeights& weights, std::span<double> out) {
        out[0] = one(weights[place]);
      };
    analysis.figures.add(c, {swap_name(figure, run_with)}, std::move(compute), reason);
  }
}

}  // namespace

const std::vector<SwapFigure>& swap_figures() {
  static const std::vector<SwapFigure> figures = list_of_figures();
  return figures;
}

std::string swap_name(const SwapFigure& figure, const std::string& run_with) {
  return fmt::format("swap/{}/{}/{}/{}", run_with, data::to_string(figure.split), figure.rule, figure.metric);
}

bool is_in_table(const std::string& run_with) {
  const auto& table = downsample::downsample_table();
  return std::any_of(table.begin(), table.end(), [&](const auto& op) { return op.name == run_with; });
}

bool has_figure(const SwapFigure& figure, const std::string& run_with) {
  return figure.of_power_means || is_in_table(run_with);
}

void add_swap_figures(analysis::Analysis& analysis, const std::vector<SwapLogits>& logits) {
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c)
    for (std::size_t op = 0; op < run_operators().size(); ++op) add_cell_run(analysis, c, op, logits.at(c));
}

}  // namespace dsx::swap
