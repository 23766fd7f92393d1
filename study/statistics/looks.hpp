// When verdicts are drawn while seeds are added. Looking again until something is found finds something too
// often; a number of looks that is fixed before the first, each at alpha over that number (Bonferroni), keeps
// the error of all looks together at alpha, whatever their dependence. Simulated in
// tests/statistics_slow/looks_coverage_test.cpp.
#pragma once

#include <cstddef>
#include <vector>

namespace dsx::statistics {

// Numbers of seeds, rising by one factor from `first` to `most`: at most `looks` of them. Only `first` where
// most is not more. std::invalid_argument for no seed or no look.
std::vector<std::size_t> looks_between(std::size_t first, std::size_t most, std::size_t looks = 4);

}  // namespace dsx::statistics
