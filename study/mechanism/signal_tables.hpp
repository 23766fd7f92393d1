// What every operator of the table does to made-up signals: tables mechanism_response and mechanism_signal.
#pragma once

#include <vector>

#include "study/analysis/result_table.hpp"

namespace dsx::mechanism {

// Always the same numbers; half a second.
std::vector<analysis::ResultTable> signal_tables();

}  // namespace dsx::mechanism
