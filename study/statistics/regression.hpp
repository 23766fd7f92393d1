// How fast a figure falls with label noise: the slope over noise levels by ordinary least squares, with seeds
// as blocks (each seed its own intercept, one slope for all), so that good and bad seeds do not blur the
// slope.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// x, y, block [points], block numbers from 0. A point whose y is NaN is left out. Student's t with points -
// blocks - 1 degrees of freedom; p against 0. Not estimable: x does not vary within any block, or no degree
// of freedom is left. The images' error is common to all levels and largely cancels in a slope; what remains
// is in the residuals.
Estimate slope_with_blocks(std::span<const double> x, std::span<const double> y,
                           std::span<const std::uint32_t> block, double confidence = 0.95);

// Slope of a minus slope of b, paired: the slope of y_a - y_b (same seeds, levels, images).
Estimate slope_difference(std::span<const double> x, std::span<const double> y_a, std::span<const double> y_b,
                          std::span<const std::uint32_t> block, double confidence = 0.95);

// One slope per block (NaN where it has none), for combine_seeds(): does not assume that all seeds have one
// slope.
std::vector<double> slopes_by_block(std::span<const double> x, std::span<const double> y,
                                    std::span<const std::uint32_t> block);

}  // namespace dsx::statistics
