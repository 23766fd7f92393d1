// Tests against a margin: is a difference smaller than what matters? "Cannot tell them apart" is no evidence
// that two are alike; these tests are. The margin must be named before the data are seen.
//
// Every verdict is read off one interval, that of 1 - alpha: it leaves out 0 (different), lies within the
// margin (equivalent) or above its lower end (no worse). So each one-sided test is at alpha / 2, as ICH E9
// (1998, section 3.3.2) has it for a margin, and p is twice the tail. The tests at alpha itself, which read
// the 90% interval, err too often where a figure is skewed, since a difference that is small by chance brings
// a standard error that is small by chance: at the margin, 6 to 9% for shares near 1, 5 to 7.5% for AUCs.
// At alpha / 2 both stay at 5% or below (tests/statistics_slow/verdicts_test.cpp).
#pragma once

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// p of "the true difference is at most -margin": small when it surely lies above, so that the first is no
// worse than the second by as much as `margin` (where more is better). At most alpha exactly when the
// interval of 1 - alpha lies above -margin. margin >= 0, else std::invalid_argument. NaN when the difference
// is not estimable or has no standard error.
double not_worse_p(const Estimate& difference, double margin);

// p of "the true difference is at least `margin` in size": the larger of the two sides' (Schuirmann 1987, J.
// Pharmacokinet. Biopharm. 15:657). At most alpha exactly when the interval of 1 - alpha lies within the
// margin.
double equivalence_p(const Estimate& difference, double margin);

}  // namespace dsx::statistics
