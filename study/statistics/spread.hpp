// Which of two figures varies more between seeds? Standard deviations of the same seeds' figures, which are
// correlated where both variants see the same images, compared by Pitman's and Morgan's test (1939,
// Biometrika 31:9 and 31:13): sums and differences are uncorrelated exactly when both spreads are equal.
#pragma once

#include <span>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// sd(a) / sd(b) with its interval and p against 1, exact for normal figures. `a` and `b` [seeds], at least 3;
// fewer, or no spread, are not estimable. std::invalid_argument when the lengths differ.
Estimate ratio_of_spreads(std::span<const double> a, std::span<const double> b, double confidence = 0.95);

}  // namespace dsx::statistics
