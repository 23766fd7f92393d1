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
  // Share of se^2 that df belongs to; the rest has rest_df, infinite where it is known. See two_sided_p().
  double t_share = 1;
  double rest_df = std::numeric_limits<double>::infinity();
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
// Rev. 19:547). "A difference below X would be missed more than once in five times." NaN when the estimate
// has no standard error.
double minimum_detectable_difference(const Estimate& difference, double alpha = 0.05, double power = 0.8);

// Quantiles and tails of the normal and Student's t (df may be infinite); by Boost.Math. Where a variance has
// two parts, estimated with df and with rest_df degrees of freedom, `t_share` is the first's share of it, and
// the tail is the shares' mean of both distributions' tails, after Cochran (1964, Biometrics 20:191), who
// weights their quantiles so. std::invalid_argument for a share outside [0, 1].
inline constexpr double kKnown = std::numeric_limits<double>::infinity();
double normal_quantile(double probability);
double normal_cdf(double z);
double t_quantile(double probability, double df, double t_share = 1, double rest_df = kKnown);
double upper_tail(double t, double df, double t_share = 1, double rest_df = kKnown);
double two_sided_p(double t, double df = kKnown, double t_share = 1, double rest_df = kKnown);

// value +- t * se, two-sided p of `value` against `null`. A zero or NaN se is not estimable.
Estimate t_interval(double value, double se, double df, double confidence, double null = 0,
                    double t_share = 1, double rest_df = kKnown);

// The same with its interval and p made on log(x / (1 - x)) and mapped back: for a share or an AUC, whose
// distribution is skewed near 0 and 1. se stays that of x. At 0 or 1 itself: the estimate, clipped to [0, 1].
Estimate on_logit_scale(const Estimate& estimate, double confidence, double null = 0.5);

}  // namespace dsx::statistics
