#include "study/findings/table_files.hpp"

#include <fmt/format.h>

#include <cmath>

#include "data/io/files.hpp"
#include "study/cli/csv.hpp"

namespace dsx::findings {
namespace {

using TableJson = nlohmann::ordered_json;

TableJson value_json(const analysis::ResultValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const double number = std::get<double>(value);
  return std::isfinite(number) ? TableJson(number) : TableJson(nullptr);
}

std::string csv_field(const analysis::ResultValue& value) {
  if (const auto* number = std::get_if<double>(&value))
    return std::isfinite(*number) ? fmt::format("{}", *number) : "";
  return cli::csv_cell(std::get<std::string>(value));
}

}  // namespace

nlohmann::ordered_json columns_json(const analysis::ResultTable& table) {
  TableJson columns = TableJson::array();
  for (const auto& column : table.columns)
    columns.push_back({{"name", column.name}, {"unit", column.unit}, {"help", column.help}});
  return columns;
}

nlohmann::ordered_json tables_json(const std::vector<analysis::ResultTable>& tables) {
  TableJson all = TableJson::object();
  for (const auto& table : tables) {
    TableJson rows = nullptr;
    if (!table.only_h5) {
      rows = TableJson::array();
      for (const auto& row : table.rows) {
        TableJson cells = TableJson::array();
        for (const auto& value : row) cells.push_back(value_json(value));
        rows.push_back(std::move(cells));
      }
    }
    all[table.name] = {{"title", table.title}, {"columns", columns_json(table)}, {"rows", rows}};
  }
  return all;
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

void write_csv_files(const std::filesystem::path& folder, const std::vector<analysis::ResultTable>& tables) {
  for (const auto& table : tables)
    if (!table.only_h5) data::write_file_atomically(folder / "tables" / (table.name + ".csv"), csv_of(table));
}

}  // namespace dsx::findings
