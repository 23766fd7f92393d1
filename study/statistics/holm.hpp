// Holm's step-down correction (Holm 1979, Scand. J. Statist. 6:65): several comparisons, one error rate.
#pragma once

#include <span>
#include <vector>

namespace dsx::statistics {

// Adjusted p-values in the order given: reject where one is at most alpha. A NaN (not estimable) takes no
// part and stays NaN. Throws std::invalid_argument for a value outside [0, 1].
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace dsx::statistics
