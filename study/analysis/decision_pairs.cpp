// Two variants on the same images: on which ones they decide differently, by seed (McNemar's exact test on
// the discordant pairs) and over seeds. Alike need not mean equally good: two variants with equal rates may
// err on different images.
#include "study/analysis/decision_pairs.hpp"

#include <algorithm>

#include "study/statistics/decision.hpp"
#include "study/statistics/mcnemar.hpp"

namespace dsx::analysis {
namespace {

std::string pair_figure(const std::string& rule, const std::string& other) {
  return "disagreement/" + rule + "/" + other;
}

std::string why_no_pair(const JudgedCell& a, const JudgedCell& b, const std::string& rule) {
  for (const JudgedCell* cell : {&a, &b}) {
    if (!cell->of(data::Split::test).too_little.empty()) return cell->of(data::Split::test).too_little;
    if (!cell->thresholds.at(rule).estimable()) return cell->thresholds.at(rule).not_estimable;
  }
  return "";
}

// Calls visit(noise, a, b, seed, cell of a, cell of b) for every pair of cells that share a seed.
template <typename Visit>
void for_pairs(const Comparison& comparison, const Visit& visit) {
  for (const NoiseLevel& noise : comparison.noises)
    for (const auto& [a, b] : comparison.pairs()) {
      const auto of_b = comparison.seeds_of(noise, b);
      for (const auto& [seed, cell_a] : comparison.seeds_of(noise, a))
        if (const auto cell_b = of_b.find(seed); cell_b != of_b.end())
          visit(noise, a, b, seed, cell_a, cell_b->second);
    }
}

}  // namespace

void add_disagreement_figures(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  for_pairs(comparison, [&](const NoiseLevel&, const std::string&, const std::string& b, std::uint64_t,
                            std::size_t cell_a, std::size_t cell_b) {
    for (const Rule& rule : comparison.rules) {
      const std::string reason = why_no_pair(comparison.cells[cell_a], comparison.cells[cell_b], rule.name);
      CellCompute compute;
      if (reason.empty()) {
        auto x = decisions(comparison.cells[cell_a], data::Split::test, rule.name);
        const auto y = decisions(comparison.cells[cell_b], data::Split::test, rule.name);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] ^= y[i];
        compute = [differ = std::move(x)](const SplitWeights& weights, std::span<double> out) {
          double count = 0, all = 0;
          const auto& w = weights[static_cast<std::size_t>(data::Split::test)];
          for (std::size_t i = 0; i < w.size(); ++i) {
            all += w[i];
            if (differ[i] != 0) count += w[i];
          }
          out[0] = count / all;
        };
      }
      analysis.figures.add(cell_a, {pair_figure(rule.name, b)}, compute, reason);
    }
  });
}

namespace {

ResultTable mcnemar_table(const Comparison& comparison) {
  ResultTable table = make_table("mcnemar", "McNemar's exact test of each seed, on test",
                                 {"noise_kind", "noise", "train_images", "seed", "variant_a", "variant_b",
                                  "rule", "on", "both", "a_only", "b_only", "neither", "p", "not_estimable"});
  for_pairs(comparison, [&](const NoiseLevel& noise, const std::string& a, const std::string& b,
                            std::uint64_t seed, std::size_t cell_a, std::size_t cell_b) {
    for (const Rule& rule : comparison.rules) {
      const std::string reason = why_no_pair(comparison.cells[cell_a], comparison.cells[cell_b], rule.name);
      statistics::DecisionDifferences found;
      if (reason.empty())
        found = statistics::decision_differences(
            decisions(comparison.cells[cell_a], data::Split::test, rule.name),
            decisions(comparison.cells[cell_b], data::Split::test, rule.name),
            comparison.cells[cell_a].of(data::Split::test).positive);
      const std::pair<const char*, const statistics::PairedCounts*> parts[] = {
          {"positives", &found.on_positives}, {"negatives", &found.on_negatives}};
      for (const auto& [on, counts] : parts) {
        const auto shown = [&](std::size_t n) {
          return reason.empty() ? static_cast<double>(n) : statistics::kNotEstimable;
        };
        table.add(labels_of(noise) +
                  std::vector<ResultValue>{
                      static_cast<double>(seed), a, b, rule.name, on, shown(counts->both),
                      shown(counts->a_only), shown(counts->b_only), shown(counts->neither),
                      reason.empty() ? statistics::mcnemar_p(*counts) : statistics::kNotEstimable, reason});
      }
    }
  });
  return table;
}

}  // namespace

std::vector<std::vector<Term>> closeness_terms(const Comparison& comparison, const NoiseLevel& noise,
                                               const std::string& one, const std::string& far,
                                               const std::string& near, const std::string& rule) {
  // A pair's figure is kept with its later variant.
  const auto place = [&](const std::string& variant) {
    return std::find(comparison.variants.begin(), comparison.variants.end(), variant) -
           comparison.variants.begin();
  };
  const auto term = [&](std::uint64_t seed, const std::string& other, double weight) {
    const bool own = place(one) > place(other);
    return Term{comparison.seeds_of(noise, own ? one : other).at(seed), pair_figure(rule, own ? other : one),
                weight};
  };
  std::vector<std::vector<Term>> terms;
  const auto of_far = comparison.seeds_of(noise, far), of_near = comparison.seeds_of(noise, near);
  for (const auto& [seed, cell] : comparison.seeds_of(noise, one))
    if (of_far.contains(seed) && of_near.contains(seed))
      terms.push_back({term(seed, far, 1), term(seed, near, -1)});
  return terms;
}

void add_pair_tables(Analysis& analysis) {
  const Comparison& comparison = analysis.comparison;
  analysis.results.tables.push_back(mcnemar_table(comparison));
  ResultTable table = make_table(
      "disagreement", "share of test images that two variants decide differently, over seeds",
      std::vector<std::string>{"noise_kind", "noise", "train_images", "variant_a", "variant_b", "rule"} +
          over_seeds_columns());
  for (const NoiseLevel& noise : comparison.noises)
    for (const auto& [a, b] : comparison.pairs()) {
      const auto of_b = comparison.seeds_of(noise, b);
      for (const Rule& rule : comparison.rules) {
        std::vector<std::vector<Term>> terms;
        for (const auto& [seed, cell] : comparison.seeds_of(noise, a))
          if (of_b.contains(seed)) terms.push_back({{cell, pair_figure(rule.name, b), 1}});
        if (terms.empty()) continue;
        Record record{"disagreement",
                      rule.name,
                      noise,
                      a,
                      b,
                      analysis.figures.over_seeds(terms, {0, 1, statistics::kNotEstimable})};
        table.add(labels_of(noise) + std::vector<ResultValue>{a, b, rule.name} +
                  values_of(record.found, false));
        analysis.records.add(std::move(record));
      }
    }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::analysis
