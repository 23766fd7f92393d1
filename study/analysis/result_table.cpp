#include "study/analysis/result_table.hpp"

#include <algorithm>
#include <stdexcept>

namespace dsx::analysis {

void ResultTable::add(std::vector<ResultValue> row) {
  if (row.size() != columns.size())
    throw std::invalid_argument(name + ": a row of " + std::to_string(row.size()) + " values for " +
                                std::to_string(columns.size()) + " columns");
  for (std::size_t i = 0; i < row.size(); ++i)
    if (std::holds_alternative<std::string>(row[i]) != columns[i].is_text)
      throw std::invalid_argument(name + ": wrong type in column " + columns[i].name);
  rows.push_back(std::move(row));
}

std::size_t ResultTable::column(const std::string& column_name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ResultColumn& column) { return column.name == column_name; });
  if (found == columns.end()) throw std::invalid_argument(name + " has no column " + column_name);
  return static_cast<std::size_t>(found - columns.begin());
}

const std::string& ResultTable::text(std::size_t row, const std::string& column_name) const {
  return std::get<std::string>(rows.at(row)[column(column_name)]);
}

double ResultTable::number(std::size_t row, const std::string& column_name) const {
  return std::get<double>(rows.at(row)[column(column_name)]);
}

ResultTable make_table(std::string name, std::string title, const std::vector<std::string>& columns) {
  ResultTable table;
  table.name = std::move(name);
  table.title = std::move(title);
  for (const auto& column : columns) table.columns.push_back(result_column(column));
  return table;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const ResultTable& ComparisonResults::table(const std::string& name) const {
  const auto found =
      std::find_if(tables.begin(), tables.end(), [&](const ResultTable& t) { return t.name == name; });
  if (found == tables.end()) throw std::invalid_argument("no table " + name);
  return *found;
}

}  // namespace dsx::analysis
