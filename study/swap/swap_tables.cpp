#include "study/swap/swap_tables.hpp"

#include <algorithm>
#include <cmath>

#include "study/swap/swap_dose.hpp"
#include "study/swap/swap_figures.hpp"
#include "study/swap/swap_parts.hpp"

namespace dsx::swap {

using analysis::operator+;  // of rows and of column names

namespace {

using Row = std::vector<analysis::ResultValue>;
using Terms = std::vector<std::vector<analysis::Term>>;

// V(trained, run_with), over seeds; with `own` minus V(trained, trained).
Terms run_terms(const analysis::Comparison& comparison, const analysis::NoiseLevel& noise,
                const std::string& trained, const std::string& run_with, const SwapFigure& figure,
                bool minus_own) {
  Terms terms;
  for (const auto& [seed, cell] : comparison.seeds_of(noise, trained)) {
    auto& list = terms.emplace_back();
    list.push_back({cell, swap_name(figure, run_with), 1});
    if (minus_own) list.push_back({cell, swap_name(figure, trained), -1});
  }
  return terms;
}

Row labels_of_run(const analysis::NoiseLevel& noise, const std::string& trained, const std::string& run_with,
                  const SwapFigure& figure) {
  return analysis::labels_of(noise) +
         Row{trained, run_with, data::to_string(figure.split), figure.rule, figure.metric};
}

void add_runs(analysis::Analysis& analysis, analysis::ResultTable& runs, analysis::ResultTable& changes,
              const analysis::NoiseLevel& noise, const std::string& trained, const std::string& run_with) {
  for (const SwapFigure& figure : swap_figures()) {
    if (!has_figure(figure, run_with)) continue;
    const bool own = run_with == trained;
    const auto over = [&](bool minus_own, const analysis::FigureRange& range) {
      return analysis.figures.over_seeds(
          run_terms(analysis.comparison, noise, trained, run_with, figure, minus_own), range);
    };
    const Row labels = labels_of_run(noise, trained, run_with, figure);
    if (!figure.is_of_change) runs.add(labels + analysis::values_of(over(false, figure.range), false));
    if (own) continue;
    analysis::Record record{
        "swap_change/" + run_with,
        analysis::key_of({data::to_string(figure.split), figure.rule, figure.metric}),
        noise,
        trained,
        "",
        figure.is_of_change ? over(false, figure.range) : over(true, range_of_difference(figure.range))};
    changes.add(labels + analysis::values_of(record.found, !figure.is_of_change));
    analysis.records.add(std::move(record));
  }
}

struct LargestGap {
  double logit = 0;
  double decisions = 0;  // at probability .5
  void take(const std::vector<float>& a, const std::vector<float>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      logit = std::max(logit, std::abs(static_cast<double>(a[i]) - b[i]));
      decisions += (a[i] >= 0) != (b[i] >= 0);
    }
  }
};

// What must hold whatever the networks learnt: a run with the own operator repeats the cell's record, and
// slice is strided (the same pixels of the same convolution), both to rounding.
analysis::ResultTable control_table(const analysis::Analysis& analysis,
                                    const std::vector<SwapLogits>& logits) {
  analysis::ResultTable table = analysis::make_table(
      "swap_control", "runs that must agree to rounding: largest difference of a logit on val and test",
      {"noise_kind", "noise", "train_images", "variant", "seed", "learnt", "check", "largest_difference",
       "decisions_changed", "not_estimable"});
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const analysis::JudgedCell& judged = analysis.comparison.cells[c];
    LargestGap own, slice;
    if (logits[c].not_available.empty())
      for (const data::Split split : {data::Split::val, data::Split::test}) {
        const auto& runs = logits[c].of(split);
        own.take(runs[place_of_operator(judged.cell->variant)], judged.cell->of(split).logits);
        slice.take(runs[place_of_operator("slice")], runs[place_of_operator("strided")]);
      }
    else
      own.logit = own.decisions = slice.logit = slice.decisions = statistics::kNotEstimable;
    for (const auto& [check, gap] :
         {std::pair("own operator, against the record", own), std::pair("slice, against strided", slice)})
      table.add(analysis::labels_of(judged) + Row{check, gap.logit, gap.decisions, logits[c].not_available});
  }
  return table;
}

}  // namespace

void add_swap_tables(analysis::Analysis& analysis, const std::vector<SwapLogits>& logits, bool computed) {
  const std::vector<std::string> columns =
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant",
                               "run_with",   "split", "rule",         "metric"} +
      analysis::over_seeds_columns();
  analysis::ResultTable runs =
      analysis::make_table("swap", "networks trained with one operator, run with another", columns);
  analysis::ResultTable changes =
      analysis::make_table("swap_change", "the same, minus the run with the own operator", columns);
  if (computed)
    for (const analysis::NoiseLevel& noise : analysis.comparison.noises)
      for (const std::string& trained : analysis.comparison.variants)
        for (const downsample::DownsampleOp* op : run_operators())
          if (!analysis.comparison.seeds_of(noise, trained).empty())
            add_runs(analysis, runs, changes, noise, trained, op->name);
  analysis.results.tables.push_back(std::move(runs));
  analysis.results.tables.push_back(std::move(changes));
  add_swap_parts(analysis, computed);
  add_swap_doses(analysis, computed);
  analysis.results.tables.push_back(control_table(analysis, computed ? logits : std::vector<SwapLogits>{}));
}

}  // namespace dsx::swap
