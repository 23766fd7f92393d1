// How test figures fall with label noise: one slope per seed by least squares over the noise levels that it
// has, then over seeds as any other figure. A seed with one level has no slope and takes no part.
#include "study/analysis/robustness.hpp"

namespace dsx::analysis {
namespace {

// Weights that make a slope of figures at these rates: (x - mean) / sum of squares.
std::vector<double> slope_weights(const std::vector<double>& rates) {
  double mean = 0, squares = 0;
  for (const double rate : rates) mean += rate / static_cast<double>(rates.size());
  for (const double rate : rates) squares += (rate - mean) * (rate - mean);
  std::vector<double> weights;
  for (const double rate : rates) weights.push_back((rate - mean) / squares);
  return weights;
}

// Cells of a seed over the levels of a kind, clean labels included.
std::map<std::uint64_t, std::map<double, std::size_t>> levels_of(const Comparison& comparison,
                                                                 const std::string& kind,
                                                                 const std::string& variant) {
  std::map<std::uint64_t, std::map<double, std::size_t>> levels;
  for (const NoiseLevel& noise : comparison.noises)
    if ((noise.rate == 0 || noise.kind == kind) && noise.train_images == comparison.base_images())
      for (const auto& [seed, cell] : comparison.seeds_of(noise, variant)) levels[seed][noise.rate] = cell;
  return levels;
}

void append_slope(std::vector<Term>& terms, const std::map<double, std::size_t>& cells,
                  const std::string& figure, double sign) {
  std::vector<double> rates;
  for (const auto& [rate, cell] : cells) rates.push_back(rate);
  const auto weights = slope_weights(rates);
  std::size_t i = 0;
  for (const auto& [rate, cell] : cells) terms.push_back({cell, figure, sign * weights[i++]});
}

// Levels that both have.
std::map<double, std::size_t> shared(const std::map<double, std::size_t>& of,
                                     const std::map<double, std::size_t>& with) {
  std::map<double, std::size_t> result;
  for (const auto& [rate, cell] : of)
    if (with.contains(rate)) result[rate] = cell;
  return result;
}

std::vector<std::vector<Term>> slopes(const Comparison& comparison, const std::string& kind,
                                      const std::string& a, const std::string& b, const std::string& figure) {
  std::vector<std::vector<Term>> by_seed;
  const auto of_a = levels_of(comparison, kind, a);
  const auto of_b = levels_of(comparison, kind, b.empty() ? a : b);
  for (const auto& [seed, all] : of_a) {
    const auto partner = of_b.find(seed);
    if (partner == of_b.end()) continue;
    const auto cells_a = shared(all, partner->second), cells_b = shared(partner->second, all);
    if (cells_a.size() < 2) continue;
    auto& terms = by_seed.emplace_back();
    append_slope(terms, cells_a, figure, 1);
    if (!b.empty()) append_slope(terms, cells_b, figure, -1);
  }
  return by_seed;
}

}  // namespace

void add_robustness_tables(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  ResultTable single =
      make_table("robustness", "change of test figures per unit of label noise",
                 std::vector<std::string>{"noise_kind", "variant", "metric"} + over_seeds_columns());
  ResultTable difference = make_table(
      "robustness_difference", "paired differences of those slopes, a - b",
      std::vector<std::string>{"noise_kind", "variant_a", "variant_b", "metric"} + over_seeds_columns());
  FigureRange range;
  range.null = 0;
  for (const std::string& kind : comparison.noise_kinds())
    for (const std::string metric : {"auc", "pr_auc", "loss", "accuracy", "f1"}) {
      const auto add = [&](const std::string& a, const std::string& b) {
        Record record;
        record.topic = "robustness";
        record.key = metric;
        record.noise.kind = kind;
        record.a = a;
        record.b = b;
        record.found = analysis.figures.over_seeds(slopes(comparison, kind, a, b, "test/" + metric), range);
        auto labels = std::vector<ResultValue>{kind, a};
        if (!b.empty()) labels.emplace_back(b);
        labels.emplace_back(metric);
        (b.empty() ? single : difference).add(labels + values_of(record.found, !b.empty()));
        analysis.records.add(std::move(record));
      };
      for (const std::string& variant : comparison.variants) add(variant, "");
      for (const auto& [a, b] : comparison.pairs()) add(a, b);
    }
  analysis.results.tables.push_back(std::move(single));
  analysis.results.tables.push_back(std::move(difference));
}

}  // namespace dsx::analysis
