// One channel of a made-up image, and what an operator's definition makes of it: double precision, no kernel,
// so that what follows is the operator's and not a rounding's. Kernels are checked against the same
// definition elsewhere.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/downsample/downsample.hpp"

namespace dsx::mechanism {

struct Plane {
  int rows = 0, columns = 0;
  std::vector<double> values;  // row after row

  Plane(int row_count, int column_count)
      : rows(row_count),
        columns(column_count),
        values(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(column_count)) {}
  double& at(int row, int column) { return values[place(row, column)]; }
  double at(int row, int column) const { return values[place(row, column)]; }

 private:
  std::size_t place(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
  }
};

struct OutputRange {
  int row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
};
// These outputs of the floor(rows / 2) x floor(columns / 2). An operator that works through the convolution's
// stride sees what that stride leaves of the image.
Plane downsampled(const downsample::DownsampleOp& op, const Plane& image, const OutputRange& range);
// All but `margin` outputs on each side, so that what an operator does at the image's edge stays out.
Plane downsampled(const downsample::DownsampleOp& op, const Plane& image, int margin);

}  // namespace dsx::mechanism
