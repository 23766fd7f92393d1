// Where the networks look: occlusion maps by variant and class, averaged over images and seeds, and of single
// images as examples.
#pragma once

#include <vector>

#include "study/analysis/cells.hpp"
#include "study/analysis/result_table.hpp"
#include "study/mechanism/cell_mechanism.hpp"

namespace dsx::mechanism {

inline constexpr std::size_t kExamplesPerClass = 2;

// mechanism_map and mechanism_example; `found` belongs to `cells`.
std::vector<analysis::ResultTable> map_tables(const std::vector<analysis::Cell>& cells,
                                              const std::vector<CellMechanism>& found);

}  // namespace dsx::mechanism
