// A table of results as CSV and as JSON: the same for a comparison's files and for those of the mechanism.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "study/analysis/result_table.hpp"

namespace dsx::findings {

// RFC 4180; a missing number is empty.
std::string csv_of(const analysis::ResultTable& table);
// {"<table>": {"title", "columns": [{"name", "unit", "help"}], "rows": [[...], ...]}}; a missing number is
// null, and so are the rows of a table that is only for HDF5.
nlohmann::ordered_json tables_json(const std::vector<analysis::ResultTable>& tables);
nlohmann::ordered_json columns_json(const analysis::ResultTable& table);

// <folder>/tables/<table>.csv of every table that is not only for HDF5. Throws OutputError.
void write_csv_files(const std::filesystem::path& folder, const std::vector<analysis::ResultTable>& tables);

}  // namespace dsx::findings
