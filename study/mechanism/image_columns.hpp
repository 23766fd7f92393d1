// Values of single images as figures of a cell: means over the images that have a value, and what decisions
// they make.
#pragma once

#include <string>
#include <vector>

#include "study/analysis/figures.hpp"

namespace dsx::mechanism {

using Column = std::vector<double>;  // one value per test image; NaN: not looked at

Column quotient(const Column& a, const Column& b);    // NaN where b is 0
Column difference(const Column& a, const Column& b);  // a - b
// Only images of one class keep their value. `positive`: of each image.
Column of_class(const Column& column, const std::vector<std::uint8_t>& positive, bool wanted);

// Means of columns over the test images that have a value, each counted with its weight.
analysis::CellCompute means_of(std::vector<Column> columns);
// Why means_of() would give nothing: a column without any value; empty otherwise.
std::string why_no_mean(const std::vector<Column>& columns);

}  // namespace dsx::mechanism
