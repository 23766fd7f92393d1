// Area under the ROC curve with DeLong's variance (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837),
// computed from midranks in O(n log n) (Sun & Xu 2014, IEEE SPL 21:1389). With subjects given, images of one
// subject are taken together (Obuchowski 1997, Biometrics 53:567); without, the result is DeLong's. Curves
// are in curves.hpp.
//
// Everywhere: `scores` may be logits or probabilities, larger = more positive; `positive` is 0 or 1; one
// length, else std::invalid_argument. A NaN score, a missing class, or fewer than options.minimum images
// (with subjects: subjects) of a class are not estimable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "study/statistics/estimate.hpp"

namespace dsx::statistics {

using Labels = std::span<const std::uint8_t>;

// Why these images give no figure ("only 9 negative images, at least 10 needed"); empty when they do. The
// bootstrap does not know classes: ask before it.
std::string why_not_estimable(std::span<const double> scores, Labels positive, SubjectIds subjects = {},
                              std::size_t minimum = kMinimumPerClass);

// `logit` (the default) makes the interval on log(AUC / (1 - AUC)) and maps it back: it stays within [0, 1]
// and covers better for an AUC near 1 (Pepe 2003, p. 107). `plain` is AUC +- z * se, clipped to [0, 1].
enum class AucInterval { logit, plain };

// p is against AUC = 0.5, on the interval's scale. A perfect separation (AUC 0 or 1) has DeLong variance 0;
// the interval is then Newcombe's (2006, Stat. Med. 25:559, method 5; with subjects: on the numbers of
// subjects), as `method` says.
Estimate auc_estimate(std::span<const double> scores, Labels positive, SubjectIds subjects = {},
                      const IntervalOptions& options = {}, AucInterval interval = AucInterval::logit);

// AUC(a) - AUC(b) on the same images, with DeLong's paired test. Not estimable when no spread is left (the
// same ranking twice, or two perfect ones).
Estimate auc_difference(std::span<const double> scores_a, std::span<const double> scores_b, Labels positive,
                        SubjectIds subjects = {}, const IntervalOptions& options = {});

// Several classifiers on the same images: what combine_seeds() (seeds.hpp) needs.
struct AucCovariance {
  std::vector<double> auc;  // [classifiers]
  std::vector<double>
      covariance;  // [classifiers x classifiers], of the error that the choice of images makes
  std::string not_estimable;
};
AucCovariance auc_covariance(std::span<const std::vector<double>> scores, Labels positive,
                             SubjectIds subjects = {}, const IntervalOptions& options = {});

}  // namespace dsx::statistics
