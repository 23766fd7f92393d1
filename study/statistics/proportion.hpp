// Proportions, and paired differences of proportions (two classifiers judged on the same images), with
// intervals that behave near 0 and 1. Counting images as independent, or by subject.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

// hits of count. Wilson's score interval (1927): the default everywhere. Clopper-Pearson (1934) never covers
// less than the confidence, and so is wider. count below options.minimum is not estimable; hits > count
// throws.
Estimate wilson(std::size_t hits, std::size_t count, const IntervalOptions& options = {});
Estimate clopper_pearson(std::size_t hits, std::size_t count, const IntervalOptions& options = {});

// The proportion of ones in `hits` (0 or 1 per image; any subset of the images with their subjects). Ratio
// estimator with its linearised variance between subjects (Cochran 1977, ch. 6), then Wilson's interval with
// the effective number of images p (1 - p) / variance (at most the number of images) and Student's t,
// subjects - 1 degrees of freedom (Dean & Pagano 2015, J. Surv. Stat. Methodol. 3:484). All or no hits: the
// effective number is that of subjects. Without subjects: wilson().
Estimate proportion_by_subject(std::span<const std::uint8_t> hits, SubjectIds subjects,
                               const IntervalOptions& options = {});

// The same for a ratio of two sums over images, 0 <= numerator <= denominator per image, both 0 or 1: PPV is
// (true positive) over (predicted positive). Images with denominator 0 take no part.
Estimate ratio_by_subject(std::span<const std::uint8_t> numerator, std::span<const std::uint8_t> denominator,
                          SubjectIds subjects, const IntervalOptions& options = {});

// Two yes/no answers per image, counted: `a_only` is yes by a and no by b.
struct PairedCounts {
  std::size_t both = 0, a_only = 0, b_only = 0, neither = 0;
  std::size_t count() const { return both + a_only + b_only + neither; }
};
PairedCounts paired_counts(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

// Share of yes by a minus share by b. Tango's score interval (1998, Stat. Med. 17:891) is the default;
// Newcombe's is his method 10 (1998, Stat. Med. 17:2635), with continuity-corrected phi. p is McNemar's
// exact, so that at the border p and interval can disagree.
enum class PairedInterval { tango, newcombe };
Estimate paired_difference(const PairedCounts& counts, const IntervalOptions& options = {},
                           PairedInterval interval = PairedInterval::tango);

// The same by subject. se is that of the mean of a - b with the variance between subjects (sandwich, factor J
// / (J - 1)). Tango's interval and McNemar's score test are applied to the counts divided by the design
// effect, the ratio of that variance to the one of independent images, at least 1 (Rao & Scott 1992,
// Biometrics 48:577), with Student's t and J - 1 degrees of freedom (J subjects): interval and p agree. No
// spread at all (no discordant pair): each subject counts as one image. Without subjects:
// paired_difference().
Estimate paired_difference_by_subject(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                      SubjectIds subjects, const IntervalOptions& options = {});

}  // namespace dsx::statistics
