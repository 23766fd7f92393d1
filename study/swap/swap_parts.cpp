#include "study/swap/swap_parts.hpp"

#include <array>

#include "study/swap/swap_figures.hpp"

namespace dsx::swap {

using analysis::operator+;  // of rows and of column names

namespace {

// Weights of V(a, a), V(a, b), V(b, a), V(b, b).
struct SwapPart {
  const char* name;
  std::array<double, 4> weights;
};
constexpr SwapPart kSwapParts[] = {{"difference", {1, 0, 0, -1}},
                                   {"operator", {.5, -.5, .5, -.5}},
                                   {"training", {.5, .5, -.5, -.5}},
                                   {"operator_on_a", {1, -1, 0, 0}},
                                   {"operator_on_b", {0, 0, 1, -1}}};

std::vector<std::vector<analysis::Term>> part_terms(const analysis::Comparison& comparison,
                                                    const analysis::NoiseLevel& noise, const std::string& a,
                                                    const std::string& b, const SwapFigure& figure,
                                                    const SwapPart& part) {
  std::vector<std::vector<analysis::Term>> terms;
  const auto of_b = comparison.seeds_of(noise, b);
  for (const auto& [seed, cell_a] : comparison.seeds_of(noise, a)) {
    const auto partner = of_b.find(seed);
    if (partner == of_b.end()) continue;
    auto& list = terms.emplace_back();
    std::size_t k = 0;
    for (const std::size_t weights_of : {cell_a, partner->second})
      for (const std::string& run_with : {a, b}) {
        if (part.weights[k] != 0) list.push_back({weights_of, swap_name(figure, run_with), part.weights[k]});
        ++k;
      }
  }
  return terms;
}

}  // namespace

analysis::FigureRange range_of_difference(const analysis::FigureRange& range) {
  return {range.least - range.most, range.most - range.least, 0};
}

void add_swap_parts(analysis::Analysis& analysis, bool computed) {
  analysis::ResultTable table = analysis::make_table(
      "swap_parts", "differences between variants: the operator's part and training's, a - b on test",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant_a", "variant_b", "part",
                               "rule", "metric"} +
          analysis::over_seeds_columns());
  const auto add = [&](const analysis::NoiseLevel& noise, const std::string& a, const std::string& b,
                       const SwapFigure& figure) {
    for (const SwapPart& part : kSwapParts) {
      const auto terms = part_terms(analysis.comparison, noise, a, b, figure, part);
      if (terms.empty()) return;
      const std::vector<analysis::ResultValue> labels{part.name, figure.rule, figure.metric};
      analysis::Record record{"swap_parts",
                              analysis::key_of(labels),
                              noise,
                              a,
                              b,
                              analysis.figures.over_seeds(terms, range_of_difference(figure.range))};
      table.add(analysis::labels_of(noise) + std::vector<analysis::ResultValue>{a, b} + labels +
                analysis::values_of(record.found, true));
      analysis.records.add(std::move(record));
    }
  };
  if (computed)
    for (const analysis::NoiseLevel& noise : analysis.comparison.noises)
      for (const auto& [a, b] : analysis.comparison.pairs())
        for (const SwapFigure& figure : swap_figures())
          if (figure.split == data::Split::test && !figure.is_of_change) add(noise, a, b, figure);
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::swap
