// Which pixels are covered when a network is asked where it looks: windows that tile an image, and its frame,
// the outer twentieth on each side. The outermost windows are as wide as the frame, so that together they are
// the frame.
#pragma once

#include <span>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::mechanism {

// Edges at 0, 1/20, 3/20, ..., 19/20 and 1 of `size` pixels, rounded; fewer where several are one.
std::vector<int> window_edges(int size);

struct Frame {
  int top, bottom, left, right;  // the inner part is [top, bottom) x [left, right)
  Frame(int rows, int columns);
  bool holds(int row, int column) const {
    return row < top || row >= bottom || column < left || column >= right;
  }
  double area_share(int rows, int columns) const;
};

struct Window {
  int top = 0, left = 0, bottom = 0, right = 0;  // [top, bottom) x [left, right)
  bool in_frame = false;
};
std::vector<Window> windows_of(int rows, int columns);  // row after row

// How an image's floats lie in memory.
struct PixelLayout {
  data::ImageShape shape;
  bool channels_last = true;
  std::size_t place(int channel, int row, int column) const {
    const auto c = static_cast<std::size_t>(channel), r = static_cast<std::size_t>(row),
               x = static_cast<std::size_t>(column);
    const auto channels = static_cast<std::size_t>(shape.channels),
               width = static_cast<std::size_t>(shape.width), height = static_cast<std::size_t>(shape.height);
    return channels_last ? (r * width + x) * channels + c : (c * height + r) * width + x;
  }
};

// `grey`: one value per channel.
void cover(std::span<float> image, const PixelLayout& layout, const Window& window,
           std::span<const float> grey);
// The frame, or all that is not in it.
enum class Side { frame, inside };
void cover(std::span<float> image, const PixelLayout& layout, Side side, std::span<const float> grey);
// Takes the frame from another image.
void take_frame(std::span<float> image, const PixelLayout& layout, std::span<const float> donor);

}  // namespace dsx::mechanism
