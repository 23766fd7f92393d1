#include "study/swap/swap_dose.hpp"

#include <numeric>

#include "study/swap/swap_figures.hpp"
#include "study/swap/swap_parts.hpp"

namespace dsx::swap {

using analysis::operator+;  // of rows and of column names

namespace {

using DoseTerms = std::vector<std::vector<analysis::Term>>;

// Weights over power_means().
std::vector<double> minus_first(std::size_t place) {
  std::vector<double> weights(downsample::power_means().size(), 0);
  weights.at(place) += 1;
  weights.front() -= 1;
  return weights;
}

std::vector<double> dose_slope() {
  std::vector<double> weights;
  for (const downsample::PowerMean& mean : downsample::power_means()) weights.push_back(1 - 1 / mean.p);
  const double middle =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  double squares = 0;
  for (double& w : weights) {
    w -= middle;
    squares += w * w;
  }
  for (double& w : weights) w /= squares;
  return weights;
}

void append_dose(std::vector<analysis::Term>& list, std::size_t cell, const SwapFigure& figure,
                 const std::vector<double>& weights, double share) {
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (weights[k] != 0)
      list.push_back({cell, swap_name(figure, downsample::power_means()[k].op->name), share * weights[k]});
}

// Of networks trained with `variant`; kAnyTraining: their mean over the variants, seeds that have all.
DoseTerms dose_terms(const analysis::Comparison& comparison, const analysis::NoiseLevel& noise,
                     const std::string& variant, const SwapFigure& figure,
                     const std::vector<double>& weights) {
  const bool any = variant == kAnyTraining;
  const std::vector<std::string> variants = any ? comparison.variants : std::vector<std::string>{variant};
  DoseTerms terms;
  for (const auto& [seed, first] : comparison.seeds_of(noise, variants.front())) {
    std::vector<analysis::Term> list;
    std::size_t found = 0;
    for (const std::string& trained : variants) {
      const auto cells = comparison.seeds_of(noise, trained);
      const auto cell = cells.find(seed);
      if (cell == cells.end()) continue;
      ++found;
      append_dose(list, cell->second, figure, weights, 1 / static_cast<double>(variants.size()));
    }
    if (found == variants.size()) terms.push_back(std::move(list));
  }
  return terms;
}

}  // namespace

void add_swap_doses(analysis::Analysis& analysis, bool computed) {
  const analysis::Comparison& comparison = analysis.comparison;
  analysis::ResultTable doses = analysis::make_table(
      "swap_dose", "networks run with power means over 2x2, minus p = 1 (the average), on test",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant", "power", "rule", "metric"} +
          analysis::over_seeds_columns());
  analysis::ResultTable slopes = analysis::make_table(
      "swap_dose_slope", "the same as a slope over 1 - 1/p, from the average (0) to the maximum (1)",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant", "rule", "metric"} +
          analysis::over_seeds_columns());
  const auto add = [&](const analysis::NoiseLevel& noise, const std::string& variant,
                       const SwapFigure& figure) {
    const auto over = [&](const std::vector<double>& weights, const analysis::FigureRange& range) {
      return analysis.figures.over_seeds(dose_terms(comparison, noise, variant, figure, weights), range);
    };
    if (dose_terms(comparison, noise, variant, figure, dose_slope()).empty()) return;
    const auto labels = analysis::labels_of(noise) + std::vector<analysis::ResultValue>{variant};
    const std::vector<analysis::ResultValue> what{figure.rule, figure.metric};
    for (std::size_t k = 1; k < downsample::power_means().size(); ++k)
      doses.add(labels + std::vector<analysis::ResultValue>{downsample::power_means()[k].power} + what +
                analysis::values_of(over(minus_first(k), range_of_difference(figure.range)), true));
    analysis::FigureRange unbounded;
    unbounded.null = 0;
    analysis::Record record{
        "swap_dose_slope", analysis::key_of(what), noise, variant, "", over(dose_slope(), unbounded)};
    slopes.add(labels + what + analysis::values_of(record.found, true));
    analysis.records.add(std::move(record));
  };
  std::vector<std::string> trainings = comparison.variants;
  if (trainings.size() > 1) trainings.emplace_back(kAnyTraining);
  if (computed)
    for (const analysis::NoiseLevel& noise : comparison.noises)
      for (const std::string& variant : trainings)
        for (const SwapFigure& figure : swap_figures())
          if (figure.split == data::Split::test && figure.of_power_means && !figure.is_of_change)
            add(noise, variant, figure);
  analysis.results.tables.push_back(std::move(doses));
  analysis.results.tables.push_back(std::move(slopes));
}

}  // namespace dsx::swap
