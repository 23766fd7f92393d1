// Dose and response: how the output of one network moves on the way from average to maximum, when it is run
// with power means of growing p (kernels/downsample/power_mean.hpp) and keeps its weights.
#pragma once

#include "study/analysis/analysis.hpp"

namespace dsx::swap {

inline constexpr const char* kAnyTraining = "all";  // variant: the mean over networks of all variants

// Tables swap_dose (each p minus p = 1) and swap_dose_slope: the slope by least squares over the dose 1 -
// 1/p, which is 0 for the average and 1 for the maximum, so that it reads "from average to maximum". Records
// of topic "swap_dose_slope", keys "half/predicted_positive_rate". Without `computed` both are empty.
void add_swap_doses(analysis::Analysis& analysis, bool computed);

}  // namespace dsx::swap
