#include "study/analysis/limited.hpp"

#include <cmath>

namespace dsx::analysis {
namespace {

using SizeCells = std::map<double, std::size_t>;  // images as asked for -> cell

std::map<std::uint64_t, SizeCells> sizes_of(const Comparison& comparison, const std::string& variant) {
  std::map<std::uint64_t, SizeCells> sizes;
  for (const NoiseLevel& noise : comparison.noises)
    if (noise.rate == 0)
      for (const auto& [seed, cell] : comparison.seeds_of(noise, variant))
        sizes[seed][noise.train_images] = cell;
  return sizes;
}

// Sizes that both have: all variants of a seed and size learn from the same images.
SizeCells in_both(const SizeCells& of, const SizeCells& with) {
  SizeCells result;
  for (const auto& [size, cell] : of)
    if (with.contains(size)) result[size] = cell;
  return result;
}

// sign * the slope of the metric over log2 of the images.
void append_doubling(const Comparison& comparison, std::vector<Term>& terms, const SizeCells& cells,
                     const LimitedMetric& metric, double sign) {
  std::vector<double> doublings;
  double mean = 0, squares = 0;
  for (const auto& [size, cell] : cells)
    doublings.push_back(std::log2(static_cast<double>(comparison.cells[cell].cell->train.size())));
  for (const double x : doublings) mean += x / static_cast<double>(doublings.size());
  for (const double x : doublings) squares += (x - mean) * (x - mean);
  std::size_t i = 0;
  for (const auto& [size, cell] : cells) {
    const double weight = sign * (doublings[i++] - mean) / squares;
    for (const auto& [figure, share] : metric.terms) terms.push_back({cell, figure, weight * share});
  }
}

std::vector<std::vector<Term>> doubling_terms(const Comparison& comparison, const std::string& a,
                                              const std::string& b, const LimitedMetric& metric) {
  std::vector<std::vector<Term>> by_seed;
  const auto of_a = sizes_of(comparison, a), of_b = sizes_of(comparison, b.empty() ? a : b);
  for (const auto& [seed, all] : of_a) {
    const auto partner = of_b.find(seed);
    if (partner == of_b.end()) continue;
    const SizeCells cells_a = in_both(all, partner->second), cells_b = in_both(partner->second, all);
    if (cells_a.size() < 2) continue;
    auto& terms = by_seed.emplace_back();
    append_doubling(comparison, terms, cells_a, metric, 1);
    if (!b.empty()) append_doubling(comparison, terms, cells_b, metric, -1);
  }
  return by_seed;
}

}  // namespace

const std::vector<LimitedMetric>& limited_metrics() {
  static const std::vector<LimitedMetric> metrics = [] {
    std::vector<LimitedMetric> list = {{"auc", {{"test/auc", 1}}},
                                       {"gap", {{"train/auc", 1}, {"test/auc", -1}}}};
    for (const std::string rule : {"half", "sensitivity", "youden"})
      for (const std::string metric : {"sensitivity", "specificity", "excess_positive"})
        list.push_back({rule + "/" + metric, {{"decision/" + rule + "/" + metric, 1}}});
    return list;
  }();
  return metrics;
}

void add_limited_tables(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  ResultTable single =
      make_table("limited", "change of test figures with each doubling of the training images",
                 std::vector<std::string>{"variant", "metric"} + over_seeds_columns());
  ResultTable difference =
      make_table("limited_difference", "paired differences of those slopes, a - b",
                 std::vector<std::string>{"variant_a", "variant_b", "metric"} + over_seeds_columns());
  FigureRange range;
  range.null = 0;
  const auto add = [&](const std::string& a, const std::string& b, const LimitedMetric& metric) {
    const auto terms = doubling_terms(comparison, a, b, metric);
    if (terms.empty()) return;
    Record record;  // member by member: GCC 12 sees an unset string in the list's cleanup
    record.topic = "limited";
    record.key = metric.name;
    record.a = a;
    record.b = b;
    record.found = analysis.figures.over_seeds(terms, range);
    const auto labels =
        b.empty() ? std::vector<ResultValue>{a, metric.name} : std::vector<ResultValue>{a, b, metric.name};
    (b.empty() ? single : difference).add(labels + values_of(record.found, true));
    analysis.records.add(std::move(record));
  };
  for (const LimitedMetric& metric : limited_metrics()) {
    for (const std::string& variant : comparison.variants) add(variant, "", metric);
    for (const auto& [a, b] : comparison.pairs()) add(a, b, metric);
  }
  analysis.results.tables.push_back(std::move(single));
  analysis.results.tables.push_back(std::move(difference));
}

}  // namespace dsx::analysis
