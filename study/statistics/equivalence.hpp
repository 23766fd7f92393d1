// Tests against a margin: is a difference smaller than what matters? "Cannot tell them apart" is no evidence
// that two are alike; these tests are. The margin must be named before the data are seen.
#pragma once

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// One-sided p of "the true difference is at most -margin": small when it surely lies above, so that the first
// is no worse than the second by as much as `margin` (where more is better). margin >= 0, else
// std::invalid_argument. NaN when the difference is not estimable or has no standard error.
double not_worse_p(const Estimate& difference, double margin);

// p of "the true difference is at least `margin` in size": the larger of two one-sided tests (Schuirmann
// 1987, J. Pharmacokinet. Biopharm. 15:657). At most .05 exactly when the 90% interval lies within the
// margin.
double equivalence_p(const Estimate& difference, double margin);

}  // namespace dsx::statistics
