#include "study/mechanism/plane.hpp"

namespace dsx::mechanism {

Plane downsampled(const downsample::DownsampleOp& op, const Plane& image, const OutputRange& range) {
  const int stride = op.conv_stride;
  const downsample::Pixel pixel = [&image, stride](int row, int column) {
    return image.at(stride * row, stride * column);
  };
  Plane result(range.row_end - range.row_begin, range.column_end - range.column_begin);
  for (int i = range.row_begin; i < range.row_end; ++i)
    for (int j = range.column_begin; j < range.column_end; ++j)
      result.at(i - range.row_begin, j - range.column_begin) =
          op.definition(pixel, i, j, image.rows / stride, image.columns / stride);
  return result;
}

Plane downsampled(const downsample::DownsampleOp& op, const Plane& image, int margin) {
  return downsampled(op, image, {margin, image.rows / 2 - margin, margin, image.columns / 2 - margin});
}

}  // namespace dsx::mechanism
