// The table at the end of a sweep: means over seeds, with the lowest and highest seed.
#include "study/compare/analysis.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "study/exit_code.hpp"
#include "study/metrics.hpp"
#include "study/text_table.hpp"

namespace dsx {
namespace {

// "0.951 (0.940-0.960)": mean, lowest, highest.
std::string spread_text(const std::vector<double>& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{} ({} - {})", fixed(mean, 4), fixed(*low, 4), fixed(*high, 4));
}

std::string noise_text(const Cell& cell) {
  return cell.noise > 0 ? fmt::format("{} {}", cell.noise_kind, cell.noise) : "none";
}

struct Row {
  std::string variant, noise;
  std::array<std::vector<double>, 4> columns;  // val AUC, test AUC, sensitivity, specificity; one per seed
};

}  // namespace

int finish_compare(const std::filesystem::path& folder) {
  std::vector<Row> rows;
  for (const Cell& cell : load_cells(folder)) {
    const auto same = [&](const Row& row) {
      return row.variant == cell.variant && row.noise == noise_text(cell);
    };
    auto row = std::find_if(rows.begin(), rows.end(), same);
    if (row == rows.end()) row = rows.insert(rows.end(), Row{cell.variant, noise_text(cell), {}});
    const Metrics test = compute_metrics(cell.test.logits, cell.test.labels, cell.logit_threshold);
    row->columns[0].push_back(roc_auc(cell.val.logits, cell.val.labels));
    row->columns[1].push_back(test.auc);
    row->columns[2].push_back(test.recall);
    row->columns[3].push_back(test.specificity);
  }
  TextTable table(
      {"variant", "label noise", "seeds", "val AUC", "test AUC", "test sensitivity", "test specificity"});
  for (const Row& row : rows)
    table.add({row.variant, row.noise, std::to_string(row.columns[0].size()), spread_text(row.columns[0]),
               spread_text(row.columns[1]), spread_text(row.columns[2]), spread_text(row.columns[3])});
  fmt::print(
      "\nMean over seeds (lowest - highest); sensitivity and specificity at the threshold from val\n{}",
      table.str());
  return static_cast<int>(ExitCode::ok);
}

}  // namespace dsx
