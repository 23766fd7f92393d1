// Figures of an image's activations at one place in a network.
#pragma once

#include <span>

namespace dsx::mechanism {

struct MapFigures {
  double mean = 0;              // over channels and pixels
  double zeros = 0;             // share of values that are 0
  double p99 = 0;               // 99th percentile, numpy's linear
  double high_frequencies = 0;  // below; NaN where no channel varies
};

// `chw`: channels x rows x columns; at least 2 rows and columns.
// High frequencies: of the channels' variance, the share that a 2x2 average at stride 1 takes away. That
// average passes cos^2(pi fx) cos^2(pi fy) of the energy at frequency (fx, fy): white noise gives 3/4, a
// smooth map nearly 0, on any grid.
MapFigures map_figures(std::span<const float> chw, int channels, int rows, int columns);

}  // namespace dsx::mechanism
