#include "study/statistics/proportion.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "study/statistics/checks.hpp"
#include "study/statistics/mcnemar.hpp"

namespace dsx::statistics {
namespace {

using detail::require_confidence;
using detail::require_same_length;
using detail::too_few;

struct Interval {
  double low, high;
};

// `count` may be an effective number; `z` a quantile of the normal or of Student's t.
Interval wilson_interval(double share, double count, double z) {
  const double shrink = 1 + z * z / count;
  const double center = (share + z * z / (2 * count)) / shrink;
  const double half = z / shrink * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
  // Exact at the borders, where rounding would leave 1e-17.
  return {share == 0 ? 0 : std::max(0.0, center - half), share == 1 ? 1 : std::min(1.0, center + half)};
}

// Sums of numerator and denominator of each subject that has any denominator.
struct SubjectTotals {
  std::vector<double> hits, images;
  double all_hits = 0, all_images = 0;
};

SubjectTotals totals_by_subject(std::span<const std::uint8_t> numerator,
                                std::span<const std::uint8_t> denominator, SubjectIds subjects) {
  const std::size_t size = std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1;
  std::vector<double> hits(size), images(size);
  SubjectTotals totals;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    if (denominator[i] == 0) continue;
    ++images[subjects[i]];
    ++totals.all_images;
    if (numerator[i] == 0) continue;
    ++hits[subjects[i]];
    ++totals.all_hits;
  }
  for (std::size_t j = 0; j < size; ++j) {
    if (images[j] == 0) continue;
    totals.hits.push_back(hits[j]);
    totals.images.push_back(images[j]);
  }
  return totals;
}

// Variance of hits / images between subjects, linearised, with the factor J / (J - 1).
double ratio_variance(const SubjectTotals& totals) {
  const double share = totals.all_hits / totals.all_images;
  double sum = 0;
  for (std::size_t j = 0; j < totals.hits.size(); ++j) {
    const double residual = totals.hits[j] - share * totals.images[j];
    sum += residual * residual;
  }
  const auto count = static_cast<double>(totals.hits.size());
  return count / (count - 1) * sum / (totals.all_images * totals.all_images);
}

// Tango's statistic for a difference `delta`, with the nuisance share at its maximum likelihood under delta.
double tango_statistic(double a_only, double b_only, double count, double delta) {
  const double linear = -a_only - b_only + (2 * count - a_only + b_only) * delta;
  const double constant = -b_only * delta * (1 - delta);
  const double share =
      (std::sqrt(std::max(0.0, linear * linear - 8 * count * constant)) - linear) / (4 * count);
  const double variance = count * (2 * share + delta * (1 - delta));
  const double distance = a_only - b_only - count * delta;
  if (distance == 0) return 0;
  return distance / std::sqrt(std::max(variance, 1e-300));
}

double tango_end(double a_only, double b_only, double count, double z, bool lower) {
  double inside = (a_only - b_only) / count, outside = lower ? -1 : 1;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (inside + outside);
    (std::abs(tango_statistic(a_only, b_only, count, middle)) > z ? outside : inside) = middle;
  }
  return inside;
}

Interval tango_interval(double a_only, double b_only, double count, double z) {
  return {tango_end(a_only, b_only, count, z, true), tango_end(a_only, b_only, count, z, false)};
}

// Correlation of the two answers as Newcombe corrects it: a positive one is moved towards 0.
double corrected_phi(double both, double a_only, double b_only, double neither) {
  const double margins = (both + a_only) * (b_only + neither) * (both + b_only) * (a_only + neither);
  if (margins == 0) return 0;
  double numerator = both * neither - a_only * b_only;
  if (numerator > 0) numerator = std::max(0.0, numerator - 0.5 * (both + a_only + b_only + neither));
  return numerator / std::sqrt(margins);
}

Interval newcombe_interval(const PairedCounts& counts, double z) {
  const auto both = static_cast<double>(counts.both), a_only = static_cast<double>(counts.a_only);
  const auto b_only = static_cast<double>(counts.b_only), neither = static_cast<double>(counts.neither);
  const auto n = static_cast<double>(counts.count());
  const double a = (both + a_only) / n, b = (both + b_only) / n;
  const Interval of_a = wilson_interval(a, n, z), of_b = wilson_interval(b, n, z);
  const double phi = corrected_phi(both, a_only, b_only, neither);
  const auto span = [phi](double x, double y) {
    return std::sqrt(std::max(0.0, x * x - 2 * phi * x * y + y * y));
  };
  return {a - b - span(a - of_a.low, of_b.high - b), a - b + span(of_a.high - a, b - of_b.low)};
}

double upper_z(double confidence) { return normal_quantile(0.5 + confidence / 2); }

}  // namespace

Estimate wilson(std::size_t hits, std::size_t count, const IntervalOptions& options) {
  require_confidence(options.confidence);
  if (hits > count) throw std::invalid_argument("more hits than images");
  if (auto reason = too_few("images", count, options.minimum); !reason.empty())
    return cannot_estimate(reason);
  const auto n = static_cast<double>(count);
  Estimate e;
  e.value = static_cast<double>(hits) / n;
  const Interval interval = wilson_interval(e.value, n, upper_z(options.confidence));
  e.low = interval.low;
  e.high = interval.high;
  e.se = std::sqrt(e.value * (1 - e.value) / n);
  e.method = "Wilson";
  return e;
}

Estimate clopper_pearson(std::size_t hits, std::size_t count, const IntervalOptions& options) {
  Estimate e = wilson(hits, count, options);
  if (!e.estimable()) return e;
  const auto k = static_cast<double>(hits), n = static_cast<double>(count);
  const double tail = (1 - options.confidence) / 2;
  e.low = hits == 0 ? 0 : quantile(boost::math::beta_distribution<double>(k, n - k + 1), tail);
  e.high =
      hits == count ? 1 : quantile(complement(boost::math::beta_distribution<double>(k + 1, n - k), tail));
  e.method = "Clopper-Pearson";
  return e;
}

Estimate ratio_by_subject(std::span<const std::uint8_t> numerator, std::span<const std::uint8_t> denominator,
                          SubjectIds subjects, const IntervalOptions& options) {
  require_confidence(options.confidence);
  require_same_length(numerator.size(), denominator.size(), subjects);
  std::size_t hits = 0, count = 0;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    if (numerator[i] != 0 && denominator[i] == 0)
      throw std::invalid_argument("a numerator without its denominator");
    count += denominator[i] != 0 ? 1 : 0;
    hits += numerator[i] != 0 ? 1 : 0;
  }
  if (subjects.empty()) return wilson(hits, count, options);
  if (auto reason = too_few("images", count, options.minimum); !reason.empty())
    return cannot_estimate(reason);
  const auto totals = totals_by_subject(numerator, denominator, subjects);
  if (auto reason = too_few("subjects", totals.hits.size(), std::max<std::size_t>(options.minimum, 2));
      !reason.empty())
    return cannot_estimate(reason);
  Estimate e;
  e.value = totals.all_hits / totals.all_images;
  const double variance = ratio_variance(totals);
  const auto subject_count = static_cast<double>(totals.hits.size());
  e.df = subject_count - 1;
  e.se = std::sqrt(variance);
  // All or none: no variance to see, so that each subject counts as one image, the cautious end.
  const double effective = hits == 0 || hits == count ? subject_count
                           : variance > 0
                               ? std::clamp(e.value * (1 - e.value) / variance, 1.0, totals.all_images)
                               : totals.all_images;
  const Interval interval =
      wilson_interval(e.value, effective, t_quantile(0.5 + options.confidence / 2, e.df));
  e.low = interval.low;
  e.high = interval.high;
  e.method = "Wilson, by subject";
  return e;
}

Estimate proportion_by_subject(std::span<const std::uint8_t> hits, SubjectIds subjects,
                               const IntervalOptions& options) {
  return ratio_by_subject(hits, std::vector<std::uint8_t>(hits.size(), 1), subjects, options);
}

PairedCounts paired_counts(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  require_same_length(a.size(), b.size(), {});
  PairedCounts counts;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != 0) {
      ++(b[i] != 0 ? counts.both : counts.a_only);
    } else {
      ++(b[i] != 0 ? counts.b_only : counts.neither);
    }
  }
  return counts;
}

Estimate paired_difference(const PairedCounts& counts, const IntervalOptions& options,
                           PairedInterval interval) {
  require_confidence(options.confidence);
  if (auto reason = too_few("images", counts.count(), options.minimum); !reason.empty())
    return cannot_estimate(reason);
  const auto a_only = static_cast<double>(counts.a_only), b_only = static_cast<double>(counts.b_only);
  const auto n = static_cast<double>(counts.count());
  const double z = upper_z(options.confidence);
  const bool tango = interval == PairedInterval::tango;
  const Interval ends = tango ? tango_interval(a_only, b_only, n, z) : newcombe_interval(counts, z);
  Estimate e;
  e.value = (a_only - b_only) / n;
  e.low = ends.low;
  e.high = ends.high;
  const double variance = (a_only + b_only - (a_only - b_only) * (a_only - b_only) / n) / (n * n);
  e.se = variance > 0 ? std::sqrt(variance) : (e.high - e.low) / (2 * z);
  e.p = mcnemar_p(counts);
  e.method = tango ? "Tango, McNemar exact" : "Newcombe, McNemar exact";
  return e;
}

Estimate paired_difference_by_subject(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                      SubjectIds subjects, const IntervalOptions& options) {
  require_confidence(options.confidence);
  require_same_length(a.size(), b.size(), subjects);
  const PairedCounts counts = paired_counts(a, b);
  if (subjects.empty()) return paired_difference(counts, options);
  if (auto reason = too_few("images", a.size(), options.minimum); !reason.empty())
    return cannot_estimate(reason);
  const std::size_t present = detail::count_subjects(subjects);
  if (auto reason = too_few("subjects", present, std::max<std::size_t>(options.minimum, 2)); !reason.empty())
    return cannot_estimate(reason);
  const auto n = static_cast<double>(a.size());
  const double mean = (static_cast<double>(counts.a_only) - static_cast<double>(counts.b_only)) / n;
  const auto subject_count = static_cast<double>(present);
  std::vector<double> residual(std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (std::size_t i = 0; i < a.size(); ++i)
    residual[subjects[i]] += static_cast<double>(a[i] != 0) - static_cast<double>(b[i] != 0) - mean;
  double sum = 0;
  for (const double r : residual) sum += r * r;
  const double se = std::sqrt(subject_count / (subject_count - 1) * sum) / n;
  const double discordant = static_cast<double>(counts.a_only + counts.b_only);
  const double se_of_images = std::sqrt(std::max(0.0, discordant - n * mean * mean)) / n;
  // Without spread to compare, each subject counts as one image, the cautious end.
  const bool has_spread = se > 0 && se_of_images > 0;
  const double scale =
      has_spread ? std::min(1.0, se_of_images * se_of_images / (se * se)) : subject_count / n;
  const double a_only = static_cast<double>(counts.a_only) * scale;
  const double b_only = static_cast<double>(counts.b_only) * scale;
  Estimate e;
  e.value = mean;
  e.df = subject_count - 1;
  const double t = t_quantile(0.5 + options.confidence / 2, e.df);
  const Interval ends = tango_interval(a_only, b_only, n * scale, t);
  e.low = ends.low;
  e.high = ends.high;
  e.se = has_spread ? se : (e.high - e.low) / (2 * t);
  e.p = two_sided_p(tango_statistic(a_only, b_only, n * scale, 0), e.df);
  e.method = "Tango, by subject";
  return e;
}

}  // namespace dsx::statistics
