// What `study compare` and `study report` print at their end, from the tables alone.
#pragma once

#include <filesystem>
#include <string>

#include "study/compare/result_table.hpp"

namespace dsx {

std::string results_text(const ComparisonResults& results, const std::filesystem::path& folder);

}  // namespace dsx
