// What a cell's best checkpoint says of its test images when they are moved by a few pixels: the runs of the
// network behind shift.cpp's figures, kept in the cell's folder as shift.h5.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "study/analysis/cells.hpp"

namespace dsx::analysis {

struct Shift {
  int dx = 0, dy = 0;  // pixels to the right and down; the edge's pixels are repeated into what is uncovered
  bool operator==(const Shift&) const = default;
};
inline constexpr int kShiftPixels[] = {1, 2, 4, 8};
// In place first; then left, right, up and down by each of kShiftPixels.
const std::vector<Shift>& shift_list();

struct ShiftLogits {
  std::vector<std::vector<float>> logits;  // [shift_list()][test image]
  std::string not_available;               // why there are none: the data is not here, no checkpoint, ...
};
// One per cell. Runs the networks whose shift.h5 is missing or of another checkpoint; a folder that cannot be
// written is no error.
std::vector<ShiftLogits> shifted_logits(std::span<const Cell> cells, const std::string& progress);

}  // namespace dsx::analysis
