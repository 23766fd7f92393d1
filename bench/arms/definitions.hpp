// The downsampling operators from their formulas, one output value at a time, in double: what benchmarks
// check their results against. Independent of kernels/. A new operator of the table needs its formula here
// before it can be timed.
#pragma once

#include <functional>
#include <string>

#include "bench/arms/geometry.hpp"

namespace dsx::bench {

// One channel of one image: only called for rows and columns inside it.
using Pixel = std::function<double(int row, int column)>;
// Output (i, j) of an operator on an image of rows x columns.
using Definition = std::function<double(const Pixel& x, int i, int j, int rows, int columns)>;

// `op`: a row of downsample_table(), the geometry's own pool, or "none". Throws UnsupportedError when there
// is no formula.
Definition definition_of(const std::string& op, const Geometry& geometry);

}  // namespace dsx::bench
