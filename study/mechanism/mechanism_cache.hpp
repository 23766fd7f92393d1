// What was seen of one trained network, kept in the cell's folder as mechanism.h5.
#pragma once

#include <cstddef>
#include <optional>

#include "study/analysis/cells.hpp"
#include "study/mechanism/cell_mechanism.hpp"

namespace dsx::mechanism {

// None when there is no mechanism.h5, or it is damaged, of another checkpoint, or of another number of images
// that were asked for.
std::optional<CellMechanism> read_cache(const analysis::Cell& cell, std::size_t images);
// A folder that cannot be written is a warning on stderr.
void write_cache(const analysis::Cell& cell, std::size_t images, const CellMechanism& found);

}  // namespace dsx::mechanism
