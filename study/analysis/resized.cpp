// Both sweeps' cells become one comparison, whose pairing by image is checked like any other.
#include "study/analysis/resized.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/base/error.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/statistics/weighted.hpp"

namespace dsx::analysis {
namespace {

constexpr const char* kResize = "resize";
constexpr std::size_t kTrain = 0, kTest = 2;  // in JudgedCell::splits

void refuse_other_sweep(const Cell& ours, const Cell& theirs) {
  const auto text = [](const Cell& cell, const settings::Field& field) {
    return settings::value_text(cell.settings, field);
  };
  for (const settings::Field& field : settings::setting_fields()) {
    const std::string a = text(ours, field), b = text(theirs, field);
    if (sweep::decides_numbers(field) && !sweep::is_axis(field) && field.key != kResize && a != b)
      throw DataError(
          fmt::format("--resized: {}: {} is {} there and {} here; the sweeps may differ in --resize "
                      "alone",
                      theirs.folder.parent_path().parent_path().string(), field.key, b, a));
  }
  if (ours.settings.resize == theirs.settings.resize)
    throw DataError(
        fmt::format("--resized: {}: its images were resized by {} as here; give a sweep with the other "
                    "--resize",
                    theirs.folder.parent_path().parent_path().string(), ours.settings.resize));
}

// Clean cells with the most images, of both sweeps: of a variant and seed, ours before theirs.
std::vector<Cell> cells_of_both(const Comparison& comparison, const std::vector<Cell>& other) {
  std::vector<Cell> both;
  for (const JudgedCell& judged : comparison.cells) {
    const Cell& ours = *judged.cell;
    if (ours.noise > 0 || ours.train_images != comparison.base_images()) continue;
    const auto theirs = std::find_if(other.begin(), other.end(), [&](const Cell& cell) {
      return cell.variant == ours.variant && cell.seed == ours.seed && cell.noise == 0 &&
             cell.train_images == ours.train_images;
    });
    if (theirs == other.end()) continue;
    both.push_back(ours);
    both.push_back(*theirs);
  }
  if (both.empty())
    throw DataError("--resized: the sweeps share no cell of clean labels: same variants and seeds");
  refuse_other_sweep(both[0], both[1]);
  return both;
}

void add_auc_figures(Analysis& joint) {
  for (std::size_t c = 0; c < joint.comparison.cells.size(); ++c)
    for (const auto& [name, split] : {std::pair("train/auc", kTrain), std::pair("test/auc", kTest)}) {
      const JudgedSplit& judged = joint.comparison.cells[c].splits[split];
      if (!judged.too_little.empty()) {
        joint.figures.add(c, {name}, {}, judged.too_little);
        continue;
      }
      joint.figures.add(
          c, {name},
          [ranked = statistics::RankedScores(judged.logits, judged.positive), split = split](
              const SplitWeights& weights, std::span<double> out) { out[0] = ranked.auc(weights[split]); });
    }
}

// Bilinear minus area, by seed, the mean over the variants that are wanted and there.
std::vector<std::vector<Term>> terms_between(const Comparison& joint, const std::string& variant,
                                             const std::vector<std::pair<std::string, double>>& figures) {
  std::map<std::uint64_t, std::vector<std::size_t>> by_seed;  // places of ours
  for (std::size_t c = 0; c < joint.cells.size(); c += 2)
    if (variant == "all" || joint.cells[c].cell->variant == variant)
      by_seed[joint.cells[c].cell->seed].push_back(c);
  std::size_t most = 0;
  for (const auto& [seed, cells] : by_seed) most = std::max(most, cells.size());
  std::vector<std::vector<Term>> terms;
  for (const auto& [seed, cells] : by_seed) {
    if (cells.size() < most) continue;  // a seed that lacks a variant has another mean
    auto& of_seed = terms.emplace_back();
    for (const std::size_t c : cells)
      for (const std::size_t place : {c, c + 1}) {
        const double sign = joint.cells[place].cell->settings.resize == "bilinear" ? 1 : -1;
        for (const auto& [figure, weight] : figures)
          of_seed.push_back({place, figure, sign * weight / static_cast<double>(cells.size())});
      }
  }
  return terms;
}

}  // namespace

void add_resized_table(Analysis& analysis, const std::vector<Cell>& other) {
  ResultTable table = make_table("resized", "images resized bilinearly minus by area, the same seeds",
                                 std::vector<std::string>{"variant", "metric"} + over_seeds_columns());
  if (!other.empty()) {
    const std::vector<Cell> cells = cells_of_both(analysis.comparison, other);
    const Comparison comparison = make_comparison(cells, analysis.comparison.options);
    Analysis joint(comparison);
    add_auc_figures(joint);
    joint.figures.run();
    std::vector<std::string> variants = {"all"};
    variants.insert(variants.end(), comparison.variants.begin(), comparison.variants.end());
    const FigureRange range{-1, 1, 0};
    for (const std::string& variant : variants) {
      const auto add = [&](const char* metric, const std::vector<std::pair<std::string, double>>& figures) {
        const OverSeeds found = joint.figures.over_seeds(terms_between(comparison, variant, figures), range);
        table.add(std::vector<ResultValue>{variant, std::string(metric)} + values_of(found, true));
      };
      add("auc", {{"test/auc", 1}});
      add("gap", {{"train/auc", 1}, {"test/auc", -1}});
    }
  }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::analysis
