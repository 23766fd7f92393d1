// A column is a name and a place in summary.json. Any key of "settings" is a column, too.
#include "study/run/run_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/suggestion.hpp"
#include "study/settings/settings.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListedSummaryBytes = 64 << 20;
constexpr int kMaxDepth = 6;  // folders below the given one

struct Column {
  std::string name, place;  // a JSON pointer
  bool standard = true;
};

std::vector<Column> make_columns() {
  std::vector<Column> columns{
      {"name", "/name"},
      {"status", "/status"},
      {"variant", "/model/variant"},
      {"data", "/settings/data"},
      {"seed", "/settings/seed"},
      {"epochs", "/training/epochs_done"},
      {"best_epoch", "/training/best_epoch"},
      {"val_auc", "/best/val/at_val_threshold/auc"},
      {"test_auc", "/best/test/at_val_threshold/auc"},
      {"positive_class", "/data/positive_class"},
      {"test_accuracy", "/best/test/at_val_threshold/accuracy"},
      {"test_recall", "/best/test/at_val_threshold/recall"},
      {"test_specificity", "/best/test/at_val_threshold/specificity"},
      {"test_f1", "/best/test/at_val_threshold/f1"},
      {"latency_ms", "/latency/0/median_ns"},
      {"test_loss", "/best/test/at_val_threshold/loss", false},
      {"train_auc", "/best/train/at_val_threshold/auc", false},
      {"threshold", "/best/threshold", false},
      {"network_name", "/model/network", false},
      {"parameters", "/model/parameters", false},
      {"training_s", "/training/seconds", false},
      {"peak_rss_mib", "/peak_rss_mib", false},
      {"command", "/command", false},
  };
  for (const settings::Field& field : settings::setting_fields()) {
    const bool taken =
        std::any_of(columns.begin(), columns.end(), [&](const Column& c) { return c.name == field.key; });
    if (!taken) columns.push_back({field.key, "/settings/" + field.key, false});
  }
  return columns;
}

const std::vector<Column>& all_columns() {
  static const std::vector<Column> columns = make_columns();
  return columns;
}

const Column& find_column(const std::string& name) {
  std::vector<std::string> names;
  for (const Column& column : all_columns()) {
    if (column.name == name) return column;
    names.push_back(column.name);
  }
  throw ConfigError(fmt::format("unknown column '{}'{} `study list --help` names them", name,
                                cli::did_you_mean(name, names)));
}

RunCell cell_of(const Column& column, const nlohmann::json& summary) {
  const nlohmann::json::json_pointer place(column.place);
  if (!summary.contains(place)) return {};
  const nlohmann::json& value = summary.at(place);
  if (value.is_string()) return {value.get<std::string>()};
  if (value.is_boolean()) return {value.get<bool>() ? "true" : "false"};
  if (!value.is_number()) return {};
  const double number = value.get<double>() * (column.name.ends_with("_ms") ? 1e-6 : 1);
  const bool whole = value.is_number_integer() && !column.name.ends_with("_ms");
  return {whole ? fmt::to_string(value.get<std::int64_t>()) : fmt::format("{:.4g}", number), number, true,
          whole};
}

// Null when it is no run of ours; throws when it is one that cannot be read.
nlohmann::json summary_in(const fs::path& file) {
  nlohmann::json summary =
      nlohmann::json::parse(data::read_file(file, kMaxListedSummaryBytes), nullptr, false);
  if (summary.is_discarded()) throw DataError("no JSON");
  const bool ours = summary.is_object() && summary.value("format", nlohmann::json()) == "downscalexr-summary";
  return ours ? summary : nlohmann::json();
}

std::optional<double> as_number(const std::string& text) {
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size() && std::isfinite(value)) return value;
  } catch (const std::logic_error&) {  // no number, or out of range
  }
  return std::nullopt;
}

}  // namespace

const std::vector<std::string>& standard_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Column& column : all_columns())
      if (column.standard) result.push_back(column.name);
    return result;
  }();
  return names;
}

RunTable list_runs(const fs::path& folder, const std::vector<std::string>& columns) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw DataError(folder.string() + ": no such folder of runs");
  RunTable table{columns, {}, {}};
  std::vector<const Column*> wanted;
  for (const std::string& name : columns) wanted.push_back(&find_column(name));
  std::vector<fs::path> files;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options, error), end; !error && at != end;
       at.increment(error)) {
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    if (at->path().filename() == "summary.json") files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    try {
      const nlohmann::json summary = summary_in(file);
      if (summary.is_null()) continue;
      RunRow row{file.parent_path(), {}};
      for (const Column* column : wanted) row.cells.push_back(cell_of(*column, summary));
      table.rows.push_back(std::move(row));
    } catch (const std::runtime_error& problem) {
      table.problems.push_back(fmt::format("{}: {}", file.string(), problem.what()));
    }
  }
  return table;
}

bool Condition::holds(const RunCell& cell) const {
  if (cell.text.empty()) return false;
  const std::optional<double> number = as_number(value);
  if (sign == "~") return cell.text.find(value) != std::string::npos;
  const bool numbers = cell.is_number && number;
  if (cell.is_number && !number && sign != "=" && sign != "!=")
    throw ConfigError(fmt::format("--where: {} is a number, and '{}' is none: '{}{}{}'", column, value,
                                  column, sign, value));
  const int order = numbers ? (cell.number > *number) - (cell.number < *number) : cell.text.compare(value);
  if (sign == "=") return order == 0;
  if (sign == "!=") return order != 0;
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  if (sign == ">") return order > 0;
  return order >= 0;
}

Condition parse_condition(const std::string& text) {
  constexpr std::array<const char*, 7> kSigns{"!=", "<=", ">=", "=", "<", ">", "~"};  // longer ones first
  const std::size_t at = text.find_first_of("!<>=~");
  for (const char* sign : kSigns) {
    if (at == std::string::npos || at == 0 || !text.substr(at).starts_with(sign)) continue;
    Condition condition{text.substr(0, at), sign, text.substr(at + std::string(sign).size())};
    const auto trim = [](std::string& word) {
      word.erase(0, word.find_first_not_of(' '));
      word.erase(word.find_last_not_of(' ') + 1);
    };
    trim(condition.column);
    trim(condition.value);
    if (condition.value.empty()) break;
    find_column(condition.column);
    return condition;
  }
  throw ConfigError(fmt::format(
      "--where: '{}' is not a condition; write for example variant=maxpool or 'test_auc>.9'", text));
}

void sort_rows(std::vector<RunRow>& rows, std::size_t column, bool descending) {
  std::stable_sort(rows.begin(), rows.end(), [&](const RunRow& a, const RunRow& b) {
    const RunCell &x = a.cells[column], &y = b.cells[column];
    if (x.text.empty() || y.text.empty()) return !x.text.empty() && y.text.empty();
    const int order =
        x.is_number && y.is_number ? (x.number > y.number) - (x.number < y.number) : x.text.compare(y.text);
    return descending ? order > 0 : order < 0;
  });
}

}  // namespace dsx::run
