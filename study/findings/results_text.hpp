// What `study compare` and `study report` print at their end, from the tables alone.
#pragma once

#include <filesystem>
#include <string>

#include "study/analysis/result_table.hpp"

namespace dsx::findings {

std::string results_text(const analysis::ComparisonResults& results, const std::filesystem::path& folder);

}  // namespace dsx::findings
