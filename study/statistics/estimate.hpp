// What every statistic here returns: a figure with its interval, or the reason why there is none. Also the
// two things that all of them share: which image belongs to which subject, and how much data is too little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace dsx::statistics {

inline constexpr double kNotEstimable = std::numeric_limits<double>::quiet_NaN();

// Fewer images (or subjects, where the method works by subject) of a class than this give no figure.
inline constexpr std::size_t kMinimumPerClass = 10;

struct Estimate {
  double value = kNotEstimable;
  double low = kNotEstimable, high = kNotEstimable;  // ends of the interval
  double se = kNotEstimable;                         // standard error of value; NaN where the method has none
  double df = std::numeric_limits<double>::infinity();  // degrees of freedom behind se
  double p = kNotEstimable;                             // two-sided; NaN where nothing is tested
  std::string method;                                   // "DeLong, logit", "Wilson", ...
  std::string not_estimable;                            // why all of the above is NaN; empty otherwise
  bool estimable() const { return not_estimable.empty(); }
};
Estimate cannot_estimate(std::string reason);

struct IntervalOptions {
  double confidence = 0.95;                // in (0, 1)
  std::size_t minimum = kMinimumPerClass;  // independent units per class below which nothing is estimated
};

// The subject of each image, as numbers from 0. Images of one subject resemble each other, so they count as
// one draw. Empty: every image is a subject of its own.
using SubjectIds = std::span<const std::uint32_t>;
std::vector<std::uint32_t> subject_ids(std::span<const std::string> names);  // numbered by first occurrence

// Difference a - b of two figures from independent images (train and test, say), from their two intervals:
// Zou & Donner 2008 (Stat. Med. 27:1693), "square and add". Both intervals must have the same confidence. p
// stays NaN; se comes from both se.
Estimate difference_of_independent(const Estimate& a, const Estimate& b);

// The true difference that a two-sided test at `alpha` would have found with chance `power`, given the
// standard error: (t_{1-alpha/2} + t_{power}) * se with the estimate's degrees of freedom (Bloom 1995, Eval.
// Rev. 19:547). "A difference below X would not be seen." NaN when the estimate has no standard error.
double minimum_detectable_difference(const Estimate& difference, double alpha = 0.05, double power = 0.8);

// Quantiles and tails of the normal and Student's t (df may be infinite); by Boost.Math.
double normal_quantile(double probability);
double normal_cdf(double z);
double t_quantile(double probability, double df);
double two_sided_p(double t, double df = std::numeric_limits<double>::infinity());

// value +- t * se, two-sided p of `value` against `null`. A zero or NaN se is not estimable.
Estimate t_interval(double value, double se, double df, double confidence, double null = 0);

}  // namespace dsx::statistics
