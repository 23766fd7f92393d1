#include "study/mechanism/windows.hpp"

#include <algorithm>
#include <cmath>

namespace dsx::mechanism {
namespace {

int twentieths(int size, int count) { return static_cast<int>(std::lround(size * count / 20.0)); }

// Calls visit(place of the float, channel) for each pixel that `wanted` takes.
template <typename Wanted, typename Visit>
void for_each_pixel(const PixelLayout& layout, const Wanted& wanted, const Visit& visit) {
  for (int row = 0; row < layout.shape.height; ++row)
    for (int column = 0; column < layout.shape.width; ++column)
      if (wanted(row, column))
        for (int c = 0; c < layout.shape.channels; ++c) visit(layout.place(c, row, column), c);
}

}  // namespace

std::vector<int> window_edges(int size) {
  std::vector<int> edges = {0};
  for (int k = 1; k < 20; k += 2) edges.push_back(twentieths(size, k));
  edges.push_back(size);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

Frame::Frame(int rows, int columns)
    : top(std::max(1, twentieths(rows, 1))),
      bottom(std::max(top, std::min(rows - 1, twentieths(rows, 19)))),
      left(std::max(1, twentieths(columns, 1))),
      right(std::max(left, std::min(columns - 1, twentieths(columns, 19)))) {}

double Frame::area_share(int rows, int columns) const {
  return 1 - static_cast<double>(bottom - top) * (right - left) / (static_cast<double>(rows) * columns);
}

std::vector<Window> windows_of(int rows, int columns) {
  const std::vector<int> down = window_edges(rows), across = window_edges(columns);
  std::vector<Window> windows;
  for (std::size_t r = 0; r + 1 < down.size(); ++r)
    for (std::size_t c = 0; c + 1 < across.size(); ++c) {
      const bool edge = r == 0 || r + 2 == down.size() || c == 0 || c + 2 == across.size();
      windows.push_back({down[r], across[c], down[r + 1], across[c + 1], edge});
    }
  return windows;
}

void cover(std::span<float> image, const PixelLayout& layout, const Window& window,
           std::span<const float> grey) {
  for (int row = window.top; row < window.bottom; ++row)
    for (int column = window.left; column < window.right; ++column)
      for (int c = 0; c < layout.shape.channels; ++c)
        image[layout.place(c, row, column)] = grey[static_cast<std::size_t>(c)];
}

void cover(std::span<float> image, const PixelLayout& layout, Side side, std::span<const float> grey) {
  const Frame frame(layout.shape.height, layout.shape.width);
  for_each_pixel(
      layout, [&](int row, int column) { return frame.holds(row, column) == (side == Side::frame); },
      [&](std::size_t place, int c) { image[place] = grey[static_cast<std::size_t>(c)]; });
}

void take_frame(std::span<float> image, const PixelLayout& layout, std::span<const float> donor) {
  const Frame frame(layout.shape.height, layout.shape.width);
  for_each_pixel(
      layout, [&](int row, int column) { return frame.holds(row, column); },
      [&](std::size_t place, int) { image[place] = donor[place]; });
}

}  // namespace dsx::mechanism
