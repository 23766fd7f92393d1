#include "study/mechanism/activation_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace dsx::mechanism {
namespace {

struct Variances {
  double all = 0, smoothed = 0;
};

Variances variances_of(const float* channel, int rows, int columns) {
  const auto at = [&](int r, int c) { return static_cast<double>(channel[r * columns + c]); };
  double mean = 0, squares = 0, smooth_mean = 0, smooth_squares = 0;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const double value = at(r, c);
      mean += value;
      squares += value * value;
      if (r + 1 == rows || c + 1 == columns) continue;
      const double average = (value + at(r, c + 1) + at(r + 1, c) + at(r + 1, c + 1)) / 4;
      smooth_mean += average;
      smooth_squares += average * average;
    }
  const double n = static_cast<double>(rows) * columns, m = static_cast<double>(rows - 1) * (columns - 1);
  return {std::max(0.0, squares / n - mean / n * mean / n),
          std::max(0.0, smooth_squares / m - smooth_mean / m * smooth_mean / m)};
}

double percentile_99(std::span<const float> values) {
  std::vector<float> sorted(values.begin(), values.end());
  const double place = 0.99 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(place);
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  const double low = sorted[static_cast<std::size_t>(below)];
  if (below + 1 == static_cast<std::ptrdiff_t>(sorted.size())) return low;
  const double next = *std::min_element(sorted.begin() + below + 1, sorted.end());
  return low + (place - static_cast<double>(below)) * (next - low);
}

}  // namespace

MapFigures map_figures(std::span<const float> chw, int channels, int rows, int columns) {
  MapFigures found;
  for (const float value : chw) {
    found.mean += value;
    found.zeros += value == 0;
  }
  found.mean /= static_cast<double>(chw.size());
  found.zeros /= static_cast<double>(chw.size());
  found.p99 = percentile_99(chw);
  Variances sum;
  for (int c = 0; c < channels; ++c) {
    const Variances v =
        variances_of(chw.data() + static_cast<std::ptrdiff_t>(c) * rows * columns, rows, columns);
    sum.all += v.all;
    sum.smoothed += v.smoothed;
  }
  found.high_frequencies =
      sum.all > 0 ? 1 - sum.smoothed / sum.all : std::numeric_limits<double>::quiet_NaN();
  return found;
}

}  // namespace dsx::mechanism
