// compare.h5, compare.json and tables/*.csv of a comparison.
#pragma once

#include <filesystem>

#include "study/analysis/result_table.hpp"

namespace dsx::findings {

// In `folder`, each whole or not at all. Throws OutputError.
void write_results(const std::filesystem::path& folder, const analysis::ComparisonResults& results);

// The same without compare.h5, under another name than compare.json: for a part of a comparison (study swap).
void write_part(const std::filesystem::path& folder, const std::string& json,
                const analysis::ComparisonResults& results);

}  // namespace dsx::findings
