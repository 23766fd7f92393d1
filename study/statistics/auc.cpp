#include "study/statistics/auc.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "kernels/base/ranks.hpp"
#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

using detail::require_confidence;
using detail::require_same_length;
using detail::too_little;

// An image's placement: for a positive the share of negatives below it (ties half), for a negative the share
// of positives above it. Means over either class are the AUC. [images]
std::vector<double> placements(std::span<const double> scores, Labels positive) {
  std::vector<double> of_class[2];
  for (std::size_t i = 0; i < scores.size(); ++i) of_class[positive[i] != 0].push_back(scores[i]);
  const auto all = midranks(scores);
  const std::vector<double> within[2] = {midranks(of_class[0]), midranks(of_class[1])};
  const double others[2] = {static_cast<double>(of_class[1].size()), static_cast<double>(of_class[0].size())};
  std::vector<double> result(scores.size());
  std::size_t next[2] = {0, 0};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const int c = positive[i] != 0;
    const double share_below = (all[i] - within[c][next[c]++]) / others[c];
    result[i] = c == 1 ? share_below : 1 - share_below;
  }
  return result;
}

double mean_over_positives(const std::vector<double>& placement, Labels positive) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < placement.size(); ++i) {
    if (positive[i] == 0) continue;
    sum += placement[i];
    ++count;
  }
  return sum / count;
}

// Deviations of one classifier's placements from its AUC, summed over each subject's images of each class.
struct SubjectSums {
  std::vector<double> positive, negative;
};

SubjectSums sums_by_subject(std::span<const double> scores, Labels positive, SubjectIds subjects,
                            std::size_t subject_count, double& auc) {
  const auto placement = placements(scores, positive);
  auc = mean_over_positives(placement, positive);
  SubjectSums sums{std::vector<double>(subject_count), std::vector<double>(subject_count)};
  for (std::size_t i = 0; i < scores.size(); ++i)
    (positive[i] != 0 ? sums.positive : sums.negative)[subjects[i]] += placement[i] - auc;
  return sums;
}

// How many subjects have positives, negatives, any images; and how many images there are of each class.
struct Sizes {
  double positive_subjects = 0, negative_subjects = 0, subjects = 0, positives = 0, negatives = 0;
};

Sizes count_sizes(Labels positive, SubjectIds subjects, std::size_t subject_count) {
  std::vector<int> has(subject_count);
  Sizes n;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    has[subjects[i]] |= positive[i] != 0 ? 1 : 2;
    ++(positive[i] != 0 ? n.positives : n.negatives);
  }
  for (const int h : has) {
    if ((h & 1) != 0) ++n.positive_subjects;
    if ((h & 2) != 0) ++n.negative_subjects;
    if (h != 0) ++n.subjects;
  }
  return n;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Obuchowski 1997, eqs. 2-4; with one image per subject the cross terms vanish and DeLong's remains.
double covariance_of(const SubjectSums& a, const SubjectSums& b, const Sizes& n) {
  const double m = n.positives, k = n.negatives;
  const double of_positives =
      product(a.positive, b.positive) * n.positive_subjects / ((n.positive_subjects - 1) * m * m);
  const double of_negatives =
      product(a.negative, b.negative) * n.negative_subjects / ((n.negative_subjects - 1) * k * k);
  const double across = (product(a.positive, b.negative) + product(a.negative, b.positive)) * n.subjects /
                        ((n.subjects - 1) * m * k);
  return of_positives + of_negatives + across;
}

// Newcombe's method 5: the AUC values whose own variance (Hanley & McNeil's exponential model, with the mean
// of the class sizes) would still allow the observed one.
double newcombe_end(double observed, double positives, double negatives, double z, bool lower) {
  const double half = 0.5 * (positives + negatives) - 1;
  const auto misses = [&](double theta) {
    const double variance = theta * (1 - theta) *
                            (1 + half * ((1 - theta) / (2 - theta) + theta / (1 + theta))) /
                            (positives * negatives);
    return std::abs(observed - theta) > z * std::sqrt(variance);
  };
  double outside = lower ? 0 : 1, inside = observed;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (outside + inside);
    (misses(middle) ? outside : inside) = middle;
  }
  return inside;
}

Estimate perfect_separation(double auc, const Sizes& n, double z) {
  Estimate e;
  e.value = auc;
  e.low = auc > 0.5 ? newcombe_end(auc, n.positive_subjects, n.negative_subjects, z, true) : 0;
  e.high = auc > 0.5 ? 1 : newcombe_end(auc, n.positive_subjects, n.negative_subjects, z, false);
  e.method = "Newcombe (perfect separation)";
  return e;
}

Estimate logit_interval(double auc, double se, double z) {
  const double center = std::log(auc / (1 - auc));
  const double spread = se / (auc * (1 - auc));
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  Estimate e;
  e.low = back(center - z * spread);
  e.high = back(center + z * spread);
  e.p = two_sided_p(center / spread);
  e.method = "DeLong, logit";
  return e;
}

Estimate plain_interval(double auc, double se, double z) {
  Estimate e;
  e.low = std::max(0.0, auc - z * se);
  e.high = std::min(1.0, auc + z * se);
  e.p = two_sided_p((auc - 0.5) / se);
  e.method = "DeLong, plain";
  return e;
}

// Without subjects, each image is its own.
std::vector<std::uint32_t> subjects_or_images(SubjectIds subjects, std::size_t images) {
  if (!subjects.empty()) return {subjects.begin(), subjects.end()};
  std::vector<std::uint32_t> own(images);
  std::iota(own.begin(), own.end(), 0U);
  return own;
}

}  // namespace

std::string why_not_estimable(std::span<const double> scores, Labels positive, SubjectIds subjects,
                              std::size_t minimum) {
  require_same_length(scores.size(), positive.size(), subjects);
  return too_little(scores, positive, subjects, minimum);
}

AucCovariance auc_covariance(std::span<const std::vector<double>> scores, Labels positive,
                             SubjectIds subjects, const IntervalOptions& options) {
  AucCovariance result;
  for (const auto& one : scores) {
    require_same_length(one.size(), positive.size(), subjects);
    // Two subjects per class are the least that have a variance.
    result.not_estimable = too_little(one, positive, subjects, std::max<std::size_t>(options.minimum, 2));
    if (!result.not_estimable.empty()) return result;
  }
  const auto ids = subjects_or_images(subjects, positive.size());
  const std::size_t subject_count =
      ids.empty() ? 0 : std::size_t{*std::max_element(ids.begin(), ids.end())} + 1;
  const Sizes sizes = count_sizes(positive, ids, subject_count);
  const std::size_t count = scores.size();
  std::vector<SubjectSums> sums;
  result.auc.resize(count);
  for (std::size_t c = 0; c < count; ++c)
    sums.push_back(sums_by_subject(scores[c], positive, ids, subject_count, result.auc[c]));
  result.covariance.resize(count * count);
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = 0; b <= a; ++b)
      result.covariance[a * count + b] = result.covariance[b * count + a] =
          covariance_of(sums[a], sums[b], sizes);
  return result;
}

Estimate auc_estimate(std::span<const double> scores, Labels positive, SubjectIds subjects,
                      const IntervalOptions& options, AucInterval interval) {
  require_confidence(options.confidence);
  const std::vector<double> one[] = {{scores.begin(), scores.end()}};
  const auto found = auc_covariance(one, positive, subjects, options);
  if (!found.not_estimable.empty()) return cannot_estimate(found.not_estimable);
  const double auc = found.auc[0], z = normal_quantile(0.5 + options.confidence / 2);
  const double se = std::sqrt(std::max(0.0, found.covariance[0]));
  if (auc == 0 || auc == 1) {
    const auto ids = subjects_or_images(subjects, scores.size());
    return perfect_separation(auc, count_sizes(positive, ids, *std::max_element(ids.begin(), ids.end()) + 1),
                              z);
  }
  if (se == 0) return cannot_estimate("the scores have no spread (all alike?)");
  Estimate e = interval == AucInterval::logit ? logit_interval(auc, se, z) : plain_interval(auc, se, z);
  e.value = auc;
  e.se = se;
  if (!subjects.empty()) e.method += ", by subject";
  return e;
}

Estimate auc_difference(std::span<const double> scores_a, std::span<const double> scores_b, Labels positive,
                        SubjectIds subjects, const IntervalOptions& options) {
  const std::vector<double> both[] = {{scores_a.begin(), scores_a.end()}, {scores_b.begin(), scores_b.end()}};
  const auto found = auc_covariance(both, positive, subjects, options);
  if (!found.not_estimable.empty()) return cannot_estimate(found.not_estimable);
  const auto& c = found.covariance;
  const double variance = c[0] + c[3] - 2 * c[1];
  // Identical rankings leave rounding errors of either sign instead of 0.
  if (variance <= 1e-14 * (c[0] + c[3]))
    return cannot_estimate("both rank the images alike: the difference has no spread");
  Estimate e = t_interval(found.auc[0] - found.auc[1], std::sqrt(variance),
                          std::numeric_limits<double>::infinity(), options.confidence);
  e.method = subjects.empty() ? "DeLong, paired" : "DeLong, paired, by subject";
  return e;
}

}  // namespace dsx::statistics
