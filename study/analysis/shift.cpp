// How often a shift by a few pixels changes the decision (Zhang 2019, "Making convolutional networks
// shift-invariant again", ICML), how far it moves the probability, and what it costs in accuracy. A patient
// does not get another disease when the plate lies a pixel further left; an operator that skips pixels may
// still say so.
#include "study/analysis/shift.hpp"

#include <fmt/core.h>

#include <cmath>

#include "study/analysis/shift_run.hpp"

namespace dsx::analysis {
namespace {

const std::vector<std::string>& shift_metrics() {
  static const std::vector<std::string> names = {"changed", "probability_change", "accuracy",
                                                 "accuracy_loss"};
  return names;
}

std::string shift_figure(int pixels, const std::string& metric) {
  return fmt::format("shift/{}/{}", pixels, metric);
}

double probability(double logit) { return 1 / (1 + std::exp(-logit)); }

// Each image's mean over the four directions, by metric.
using PerImage = std::array<std::vector<double>, 4>;
PerImage per_image(const JudgedCell& cell, const ShiftLogits& shifted, int pixels) {
  const JudgedSplit& test = cell.of(data::Split::test);
  const double threshold = cell.thresholds.at("youden").value;
  PerImage result;
  for (auto& column : result) column.assign(test.positive.size(), 0);
  for (std::size_t i = 0; i < test.positive.size(); ++i) {
    const double in_place = shifted.logits[0][i];
    const bool truth = test.positive[i] != 0, decided = in_place >= threshold;
    double directions = 0;
    for (std::size_t s = 1; s < shift_list().size(); ++s) {
      if (std::abs(shift_list()[s].dx) + std::abs(shift_list()[s].dy) != pixels) continue;
      const double moved = shifted.logits[s][i];
      const bool now = moved >= threshold;
      ++directions;
      result[0][i] += now != decided;
      result[1][i] += std::abs(probability(moved) - probability(in_place));
      result[2][i] += now == truth;
      result[3][i] += static_cast<double>(decided == truth) - static_cast<double>(now == truth);
    }
    for (auto& column : result) column[i] /= directions;
  }
  return result;
}

CellCompute weighted_means(PerImage columns) {
  return [columns = std::move(columns)](const SplitWeights& weights, std::span<double> out) {
    const auto& w = weights[static_cast<std::size_t>(data::Split::test)];
    double all = 0;
    for (const double weight : w) all += weight;
    for (std::size_t m = 0; m < columns.size(); ++m) {
      double sum = 0;
      for (std::size_t i = 0; i < w.size(); ++i) sum += w[i] * columns[m][i];
      out[m] = sum / all;
    }
  };
}

std::string why_not_shifted(const JudgedCell& cell, const ShiftLogits& shifted) {
  if (!shifted.not_available.empty()) return shifted.not_available;
  if (!cell.of(data::Split::test).too_little.empty()) return cell.of(data::Split::test).too_little;
  return cell.thresholds.at("youden").not_estimable;
}

}  // namespace

void add_shift_figures(Analysis& analysis, const std::vector<ShiftLogits>& shifted) {
  for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c) {
    const JudgedCell& cell = analysis.comparison.cells[c];
    const std::string reason = why_not_shifted(cell, shifted[c]);
    for (const int pixels : kShiftPixels) {
      std::vector<std::string> names;
      for (const std::string& metric : shift_metrics()) names.push_back(shift_figure(pixels, metric));
      CellCompute compute;
      if (reason.empty()) compute = weighted_means(per_image(cell, shifted[c], pixels));
      analysis.figures.add(c, names, compute, reason);
    }
  }
}

void add_shift_tables(Analysis& analysis, bool computed) {
  ResultTable seeds = make_table("shift_seed", "each seed on shifted test images",
                                 std::vector<std::string>{"noise_kind", "noise", "train_images", "variant",
                                                          "seed", "learnt", "pixels", "metric"} +
                                     estimate_columns());
  Topic topic{"shift", "shifted test images, over seeds", {"pixels", "metric"}, {}};
  for (const int pixels : kShiftPixels) {
    if (!computed) break;
    for (const std::string& metric : shift_metrics()) {
      const std::string name = shift_figure(pixels, metric);
      for (std::size_t c = 0; c < analysis.comparison.cells.size(); ++c)
        seeds.add(labels_of(analysis.comparison.cells[c]) +
                  std::vector<ResultValue>{static_cast<double>(pixels), metric} +
                  values_of(analysis.figures.of_cell(c, name)));
      const bool is_signed = metric == "accuracy_loss";
      topic.figures.push_back(
          {{static_cast<double>(pixels), metric},
           {{name, 1}},
           is_signed ? FigureRange{-1, 1, 0} : FigureRange{0, 1, statistics::kNotEstimable}});
    }
  }
  analysis.results.tables.push_back(std::move(seeds));
  add_topic(analysis.comparison, analysis.figures, topic, analysis.results, analysis.records);
}

}  // namespace dsx::analysis
