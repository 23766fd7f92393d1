// What would decide a comparison that is not decided: more seeds, or more test images. From the parts of its
// variance (seeds.hpp), supposing that the true difference is the observed one.
#pragma once

#include "study/statistics/seeds.hpp"

namespace dsx::statistics {

// With S seeds and k times the test images (subjects):
//   Var(mean) = (seed variance + (V - C) / k) / S + C / k
// Seeds leave C as it is, images leave the seed variance as it is: either can be too little, however many.
struct Needed {
  double seeds = kNotEstimable;   // in all, on these images; infinity: never
  double images = kNotEstimable;  // times as many test images as now, with these seeds; infinity: never
  double left = kNotEstimable;    // the smallest difference that endless seeds on these images would detect
};
// Decided: found different at `alpha`, or within `margin` (NaN: none was declared) at
// `alpha`, whichever is easier, with the chance `power`. Up to 1000 seeds and 1000 times the images; beyond
// is never. All NaN when `found.mean` is not estimable.
Needed needed_to_decide(const SeedSummary& found, double margin, double alpha, double power = 0.8);

// The standard error that a difference of these parts would have.
double expected_se(const SeedSummary& found, double seeds, double images);

}  // namespace dsx::statistics
