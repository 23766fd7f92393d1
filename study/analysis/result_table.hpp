// What a comparison found, as named tables with typed columns: the one model that compare.h5, compare.json,
// tables/*.csv and the terminal are made from. docs/comparison_files.md describes the tables for readers of
// the files. (The tables of study/explain decide a column's type cell by cell and know no CSV; programs that
// draw need types that hold without rows, too.)
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "bench/measure/environment.hpp"
#include "study/analysis/result_columns.hpp"

namespace dsx::analysis {

using ResultValue = std::variant<std::string, double>;  // a NaN is a missing number

struct ResultTable {
  std::string name, title;
  std::vector<ResultColumn> columns;
  std::vector<std::vector<ResultValue>> rows;
  bool only_h5 = false;  // too long for JSON and CSV

  // Throws std::invalid_argument when the values do not fit the columns.
  void add(std::vector<ResultValue> row);
  std::size_t column(const std::string& column_name) const;  // std::invalid_argument
  const std::string& text(std::size_t row, const std::string& column_name) const;
  double number(std::size_t row, const std::string& column_name) const;
};
ResultTable make_table(std::string name, std::string title, const std::vector<std::string>& columns);
std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b);

struct ComparisonResults {
  std::string command;             // repeats it
  std::string data;                // one line
  std::string negative, positive;  // class names
  double confidence = 0.95, alpha = 0.05;
  std::size_t resamples = 0;
  double cost_ratio = 5;                // what a missed positive costs, in false alarms
  bench::Fields environment, settings;  // of the analysis; settings that all cells share
  std::vector<std::string> notes;       // how to read it, what was left out
  std::vector<ResultTable> tables;

  const ResultTable& table(const std::string& name) const;  // std::invalid_argument
};

}  // namespace dsx::analysis
