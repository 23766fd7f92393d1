#include "study/mechanism/mechanism.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/analysis/cell_data.hpp"
#include "study/cli/progress.hpp"
#include "study/mechanism/mechanism_cache.hpp"
#include "study/mechanism/network_tables.hpp"
#include "study/mechanism/signal_tables.hpp"
#include "study/mechanism/words.hpp"

namespace dsx::mechanism {
namespace {

using analysis::Cell;

std::vector<CellMechanism> look_into(const std::vector<Cell>& cells, const MechanismOptions& options) {
  std::vector<CellMechanism> found(cells.size());
  std::vector<std::size_t> missing;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (auto cached = options.again ? std::nullopt : read_cache(cells[c], options.images))
      found[c] = std::move(*cached);
    else
      missing.push_back(c);
  }
  cli::ProgressBar bar(cli::progress_mode(options.statistics.progress), "mechanism", 0);
  missing = analysis::by_data(cells, std::move(missing));
  analysis::CellData data;
  for (std::size_t m = 0; m < missing.size(); ++m) {
    const Cell& cell = cells[missing[m]];
    try {
      found[missing[m]] = look_into_cell(cell, data.of(cell), options.images, [&](double done) {
        bar.show((static_cast<double>(m) + done) / static_cast<double>(missing.size()),
                 cell.folder.filename().string(), 10);
      });
      write_cache(cell, options.images, found[missing[m]]);
    } catch (const DataError& error) {
      found[missing[m]].not_available = error.what();
    } catch (const ConfigError& error) {
      found[missing[m]].not_available = error.what();
    }
  }
  return found;
}

std::string cells_note(const std::vector<Cell>& cells, const MechanismOptions& options) {
  std::set<std::uint64_t> seeds;
  for (const Cell& cell : cells) seeds.insert(cell.seed);
  return fmt::format(
      "The mechanism was looked at in {} of {} and {} test images each; border and noise on all of test.",
      counted(cells.size(), "network"), counted(seeds.size(), "seed"), options.images);
}

// Cells that could not be looked into, by reason.
std::vector<std::string> missing_notes(const std::vector<Cell>& cells,
                                       const std::vector<CellMechanism>& found) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (!found[c].not_available.empty())
      by_reason[found[c].not_available].push_back(cells[c].folder.filename().string());
  std::vector<std::string> notes;
  for (const auto& [reason, names] : by_reason)
    notes.push_back(fmt::format("Mechanism: without {}: {}", fmt::join(names, ", "), reason));
  return notes;
}

void keep_available(std::vector<Cell>& cells, std::vector<CellMechanism>& found) {
  std::size_t kept = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (!found[c].not_available.empty()) continue;
    if (kept != c) {
      cells[kept] = std::move(cells[c]);
      found[kept] = std::move(found[c]);
    }
    ++kept;
  }
  cells.resize(kept);
  found.resize(kept);
}

}  // namespace

std::vector<Cell> cells_looked_into(std::span<const Cell> cells, std::size_t seeds) {
  std::vector<Cell> chosen;
  if (cells.empty()) return chosen;
  const auto least = std::ranges::min_element(cells, {}, &Cell::noise);
  std::set<std::uint64_t> wanted;
  for (const Cell& cell : cells)
    if (cell.noise == least->noise && cell.noise_kind == least->noise_kind) wanted.insert(cell.seed);
  while (wanted.size() > seeds) wanted.erase(std::prev(wanted.end()));
  for (const Cell& cell : cells)
    if (cell.noise == least->noise && cell.noise_kind == least->noise_kind && wanted.contains(cell.seed))
      chosen.push_back(cell);
  return chosen;
}

Mechanism mechanism_of_signals() {
  Mechanism mechanism;
  mechanism.tables = signal_tables();
  mechanism.tables.push_back(words_table(mechanism));
  return mechanism;
}

Mechanism mechanism_of(std::span<const Cell> cells, const MechanismOptions& options) {
  Mechanism mechanism;
  mechanism.tables = signal_tables();
  std::vector<Cell> looked = cells_looked_into(cells, options.seeds);
  std::vector<CellMechanism> found = look_into(looked, options);
  const std::vector<std::string> without = missing_notes(looked, found);
  keep_available(looked, found);
  if (!looked.empty()) mechanism.notes.push_back(cells_note(looked, options));
  mechanism.notes.insert(mechanism.notes.end(), without.begin(), without.end());
  add_network_tables(looked, found, options.statistics, mechanism);
  mechanism.tables.push_back(words_table(mechanism));
  return mechanism;
}

}  // namespace dsx::mechanism
