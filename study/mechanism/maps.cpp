#include "study/mechanism/maps.hpp"

#include <algorithm>
#include <cmath>

namespace dsx::mechanism {
namespace {

using analysis::Cell;
using analysis::ResultValue;

// A window as shares of the image's sides.
std::vector<ResultValue> sides_of(const Window& window, int size) {
  const auto share = [&](int pixels) { return static_cast<double>(pixels) / size; };
  return {share(window.top), share(window.left), share(window.bottom), share(window.right)};
}

// Means over images and cells of one variant and class.
struct MeanMap {
  std::vector<double> falls, shares;  // of each window
  double images = 0;
  std::size_t seeds = 0;
};

MeanMap mean_map(const std::vector<Cell>& cells, const std::vector<CellMechanism>& found,
                 const std::string& variant, bool positive, std::size_t windows) {
  MeanMap map{std::vector<double>(windows), std::vector<double>(windows)};
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (cells[c].variant != variant) continue;
    ++map.seeds;
    for (std::size_t i = 0; i < found[c].chosen.size(); ++i) {
      if ((cells[c].test.labels[found[c].chosen[i]] > 0.5F) != positive) continue;
      double all = 0;
      for (const float fall : found[c].falls[i]) all += std::abs(fall);
      if (!(all > 0)) continue;
      ++map.images;
      for (std::size_t w = 0; w < windows; ++w) {
        map.falls[w] += found[c].falls[i][w];
        map.shares[w] += std::abs(found[c].falls[i][w]) / all;
      }
    }
  }
  for (std::size_t w = 0; w < windows; ++w) {
    map.falls[w] /= map.images;
    map.shares[w] /= map.images;
  }
  return map;
}

// The first chosen images of each class, of the first seed: the same for all variants.
void add_examples(const Cell& cell, const CellMechanism& found, const std::vector<Window>& windows,
                  analysis::ResultTable& table) {
  std::size_t taken[2] = {0, 0};
  for (std::size_t i = 0; i < found.chosen.size(); ++i) {
    const std::size_t place = found.chosen[i];
    const int label = cell.test.labels[place] > 0.5F ? 1 : 0;
    if (taken[label]++ >= kExamplesPerClass) continue;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      std::vector<ResultValue> row = {cell.variant, static_cast<double>(cell.seed), cell.test.names[place],
                                      cell.class_names[static_cast<std::size_t>(label)],
                                      static_cast<double>(cell.test.logits[place])};
      for (const ResultValue& side : sides_of(windows[w], cell.settings.size)) row.push_back(side);
      row.emplace_back(static_cast<double>(found.falls[i][w]));
      table.add(std::move(row));
    }
  }
}

}  // namespace

std::vector<analysis::ResultTable> map_tables(const std::vector<Cell>& cells,
                                              const std::vector<CellMechanism>& found) {
  analysis::ResultTable map = analysis::make_table(
      "mechanism_map", "how much the logit falls when a window is covered, means over images and seeds",
      {"variant", "class", "top", "left", "bottom", "right", "logit_fall", "evidence_share", "images",
       "seeds"});
  analysis::ResultTable example = analysis::make_table(
      "mechanism_example", "the same for single images of the first seed",
      {"variant", "seed", "name", "class", "image_logit", "top", "left", "bottom", "right", "logit_fall"});
  example.only_h5 = true;
  if (cells.empty()) return {std::move(map), std::move(example)};
  const int size = cells.front().settings.size;
  const std::vector<Window> windows = windows_of(size, size);
  std::vector<std::string> variants;
  std::uint64_t first_seed = cells.front().seed;
  for (const Cell& cell : cells) {
    if (std::ranges::find(variants, cell.variant) == variants.end()) variants.push_back(cell.variant);
    first_seed = std::min(first_seed, cell.seed);
  }
  for (const std::string& variant : variants)
    for (const bool positive : {false, true}) {
      const MeanMap mean = mean_map(cells, found, variant, positive, windows.size());
      for (std::size_t w = 0; w < windows.size(); ++w) {
        std::vector<ResultValue> row = {variant, cells.front().class_names[positive ? 1 : 0]};
        for (const ResultValue& side : sides_of(windows[w], size)) row.push_back(side);
        for (const double v : {mean.falls[w], mean.shares[w], mean.images, static_cast<double>(mean.seeds)})
          row.emplace_back(v);
        map.add(std::move(row));
      }
    }
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (cells[c].seed == first_seed) add_examples(cells[c], found[c], windows, example);
  return {std::move(map), std::move(example)};
}

}  // namespace dsx::mechanism
