// How narrow an interval can be from this many images, before any is looked at: which splits are too small to
// tell anything.
#pragma once

#include <cstddef>

namespace dsx::statistics {

// Standard error of an AUC by Hanley & McNeil (1982, Radiology 143:29), for scores with exponential tails.
// NaN when a class is missing or auc is not within [0, 1].
double hanley_mcneil_se(double auc, std::size_t positives, std::size_t negatives);

// Half the width of the interval that an AUC (a share) of this true value would get: z * se, and half of
// Wilson's interval. NaN where a class (the count) is 0.
double auc_half_width(double auc, std::size_t positives, std::size_t negatives, double confidence = 0.95);
double share_half_width(double share, std::size_t count, double confidence = 0.95);

}  // namespace dsx::statistics
