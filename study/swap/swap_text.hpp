// Swapped operators for a terminal.
#pragma once

#include <string>

#include "study/analysis/result_table.hpp"

namespace dsx::swap {

// From the tables of add_swap_tables(), at the least label noise. "" where nothing was computed.
std::string swap_text(const analysis::ComparisonResults& results);

}  // namespace dsx::swap
