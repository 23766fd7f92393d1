// The same tables three times: HDF5 for programs that draw, JSON for scripts, CSV for spreadsheets.
#include "study/findings/write_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/csv.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* kFormat = "downscalexr-compare";
constexpr int kVersion = 1;

Json json_of(const analysis::ResultValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const double number = std::get<double>(value);
  return std::isfinite(number) ? Json(number) : Json(nullptr);
}

Json json_of(const bench::Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = value;
  return json;
}

Json columns_of(const analysis::ResultTable& table) {
  Json columns = Json::array();
  for (const auto& column : table.columns)
    columns.push_back({{"name", column.name}, {"unit", column.unit}, {"help", column.help}});
  return columns;
}

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const analysis::ComparisonResults& results) {
  Json tables = Json::object();
  for (const auto& table : results.tables) {
    Json rows = nullptr;
    if (!table.only_h5) {
      rows = Json::array();
      for (const auto& row : table.rows) {
        Json cells = Json::array();
        for (const auto& value : row) cells.push_back(json_of(value));
        rows.push_back(std::move(cells));
      }
    }
    tables[table.name] = {{"title", table.title}, {"columns", columns_of(table)}, {"rows", rows}};
  }
  return {{"format", kFormat},
          {"version", kVersion},
          {"command", results.command},
          {"data", results.data},
          {"negative", results.negative},
          {"positive", results.positive},
          {"confidence", results.confidence},
          {"resamples", results.resamples},
          {"alpha", results.alpha},
          {"cost_ratio", results.cost_ratio},
          {"environment", json_of(results.environment)},
          {"settings", json_of(results.settings)},
          {"notes", results.notes},
          {"tables", tables}};
}

void write_h5(const fs::path& path, const analysis::ComparisonResults& results) {
  data::h5::Writer out(path);
  out.attribute("format", kFormat);
  out.attribute("version", std::int64_t{kVersion});
  out.attribute("command", results.command);
  out.attribute("data", results.data);
  out.attribute("negative", results.negative);
  out.attribute("positive", results.positive);
  out.attribute("confidence", results.confidence);
  out.attribute("resamples", static_cast<std::int64_t>(results.resamples));
  out.attribute("alpha", results.alpha);
  out.attribute("cost_ratio", results.cost_ratio);
  out.string("environment_json", dump(json_of(results.environment)));
  out.string("settings_json", dump(json_of(results.settings)));
  out.string("notes_json", dump(Json(results.notes)));
  Json columns = Json::object();
  for (const auto& table : results.tables)
    columns[table.name] = {{"title", table.title}, {"columns", columns_of(table)}};
  out.string("columns_json", dump(columns));
  for (const auto& table : results.tables) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::string name = table.name + "/" + table.columns[c].name;
      std::vector<double> numbers;
      std::vector<std::string> texts;
      for (const auto& row : table.rows) {
        if (table.columns[c].is_text)
          texts.push_back(std::get<std::string>(row[c]));
        else
          numbers.push_back(std::get<double>(row[c]));
      }
      if (table.columns[c].is_text)
        out.strings(name, texts);
      else
        out.numbers(name, numbers, {}, table.rows.size() > 4096 ? 4 : 0);
    }
  }
  out.commit();
}

std::string csv_field(const analysis::ResultValue& value) {
  if (const auto* number = std::get_if<double>(&value))
    return std::isfinite(*number) ? fmt::format("{}", *number) : "";
  return cli::csv_cell(std::get<std::string>(value));
}

std::string csv_of(const analysis::ResultTable& table) {
  std::string text;
  const auto add_line = [&](const auto& items, const auto& field_of) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += ',';
      text += field_of(items[i]);
    }
    text += "\r\n";
  };
  add_line(table.columns, [](const analysis::ResultColumn& column) { return column.name; });
  for (const auto& row : table.rows) add_line(row, csv_field);
  return text;
}

}  // namespace

void write_results(const fs::path& folder, const analysis::ComparisonResults& results) {
  write_h5(folder / "compare.h5", results);
  write_part(folder, "compare.json", results);
}

void write_part(const fs::path& folder, const std::string& json, const analysis::ComparisonResults& results) {
  data::write_file_atomically(folder / json, dump(json_of(results), 1) + "\n");
  for (const auto& table : results.tables)
    if (!table.only_h5) data::write_file_atomically(folder / "tables" / (table.name + ".csv"), csv_of(table));
}

}  // namespace dsx::findings
