// The columns' one dictionary: name, unit and help of every column that a table of results may have.
#pragma once

#include <string>

namespace dsx::analysis {

struct ResultColumn {
  std::string name, unit, help;
  bool is_text = false;
};

// Throws std::invalid_argument for an unknown name.
const ResultColumn& result_column(const std::string& name);

}  // namespace dsx::analysis
