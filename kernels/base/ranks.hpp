// Ranks and the median of a few numbers, for every room that sorts.
#pragma once

#include <span>
#include <vector>

namespace dsx {

// Ranks from 1, equal values sharing the mean of theirs; NaN has the rank NaN, and takes none from the
// others.
std::vector<double> midranks(std::span<const double> values);

// The mean of the middle two where their number is even; NaN of nothing.
double median_of(std::vector<double> values);

}  // namespace dsx
