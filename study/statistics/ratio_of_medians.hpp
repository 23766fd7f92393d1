// How two sets of timings relate: the ratio of their medians.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// Median(a) / median(b) of two sets of timings (positive numbers, in order of time), by the bootstrap:
// percentile interval. `block` > 1 draws runs of that many neighbouring samples (circular block bootstrap,
// Politis & Romano 1992), which keeps drift and bursts of interference; `paired` draws the same positions in
// both (samples of one round side by side: same length). p is against 1. Fewer than `minimum` samples, or
// than 2 blocks: not estimable.
struct RatioOptions {
  double confidence = 0.95;
  std::size_t resamples = 2000, block = 1, minimum = kMinimumPerClass;
  std::uint64_t seed = 1;
  bool paired = false;
};
Estimate ratio_of_medians(std::span<const double> a, std::span<const double> b,
                          const RatioOptions& options = {});

}  // namespace dsx::statistics
