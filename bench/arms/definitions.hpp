// What an operator arm's result is checked against: the formula, one output value at a time, in double. The
// table's operators bring their own; here are the two that are no row of it.
#pragma once

#include <functional>
#include <string>

#include "bench/arms/geometry.hpp"
#include "kernels/downsample/downsample.hpp"

namespace dsx::bench {

inline const std::string kNoOperator = "none";  // no downsampling at all

using downsample::Pixel;
// Output (i, j) of an operator on an image of rows x columns.
using Definition = std::function<double(const Pixel& x, int i, int j, int rows, int columns)>;

// `op`: a row of downsample_table(), the geometry's own pool, or kNoOperator.
Definition definition_of(const std::string& op, const Geometry& geometry);

}  // namespace dsx::bench
