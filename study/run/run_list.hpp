// The runs in a folder as a table: one row per run, one column per fact, filtered and sorted. Read from the
// runs' summary.json alone, so that a listing of thousands stays quick.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dsx::run {

struct RunCell {
  std::string text;   // as shown; empty when the run does not have it
  double number = 0;  // for comparing and sorting
  bool is_number = false, is_whole = false;
};

struct RunRow {
  std::filesystem::path folder;
  std::vector<RunCell> cells;  // as many as the table has columns
};

struct RunTable {
  std::vector<std::string> columns;  // "name", "variant", ..., "test_auc"
  std::vector<RunRow> rows;
  std::vector<std::string> problems;  // folders whose summary cannot be read, with the reason
};

// The columns that a listing shows, in their order, and any setting or fact that a summary holds besides.
const std::vector<std::string>& standard_columns();

// All runs in `folder` and below it (a sweep keeps its cells there), by name, with the named columns. Throws
// DataError for a folder that does not exist, ConfigError for an unknown column.
RunTable list_runs(const std::filesystem::path& folder, const std::vector<std::string>& columns);

// One condition: "variant=maxpool", "test_auc>.9", "epochs!=5", "data~xray" (holds). Words compare as words,
// numbers as numbers. A run that lacks the value does not fulfil it.
struct Condition {
  std::string column, sign, value;
  // Throws ConfigError where a number would have to be more or less than a word.
  bool holds(const RunCell& cell) const;
};
// Throws ConfigError for a text that is none.
Condition parse_condition(const std::string& text);

// Stable; rows without the value come last. `descending` reverses only those that have it.
void sort_rows(std::vector<RunRow>& rows, std::size_t column, bool descending);

}  // namespace dsx::run
