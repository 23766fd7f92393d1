#include "study/statistics/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernels/base/random.hpp"
#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

using detail::quantile_of_sorted;
using detail::require_confidence;

constexpr double kUndefinedAllowed = 0.01;  // share of replicates

// The subjects that occur, by stratum.
std::vector<std::vector<std::uint32_t>> subjects_by_stratum(SubjectIds subjects,
                                                            std::span<const std::uint32_t> strata) {
  const std::size_t size = std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1;
  if (!strata.empty() && strata.size() < size) throw std::invalid_argument("a subject has no stratum");
  std::vector<bool> seen(size);
  for (const auto subject : subjects) seen[subject] = true;
  std::vector<std::vector<std::uint32_t>> groups;
  for (std::uint32_t j = 0; j < size; ++j) {
    if (!seen[j]) continue;
    const std::size_t stratum = strata.empty() ? 0 : strata[j];
    if (groups.size() <= stratum) groups.resize(stratum + 1);
    groups[stratum].push_back(j);
  }
  return groups;
}

// The defined replicates of one statistic, sorted.
std::vector<double> sorted_replicates(const BootstrapSample& sample, std::size_t statistic) {
  if (statistic >= sample.statistics) throw std::invalid_argument("no such statistic in the bootstrap");
  std::vector<double> values;
  for (std::size_t i = statistic; i < sample.replicates.size(); i += sample.statistics)
    if (!std::isnan(sample.replicates[i])) values.push_back(sample.replicates[i]);
  std::sort(values.begin(), values.end());
  return values;
}

double standard_deviation(std::span<const double> values) {
  double mean = 0, sum = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

// Value, se and method of either interval; not estimable when too many replicates are undefined.
Estimate begin_estimate(const BootstrapSample& sample, std::size_t statistic,
                        const std::vector<double>& sorted, const std::string& method) {
  const std::size_t resamples = sample.replicates.size() / sample.statistics;
  const std::size_t undefined = resamples - sorted.size();
  Estimate e;
  e.value = sample.observed[statistic];
  if (std::isnan(e.value)) return cannot_estimate("the figure is not defined for these images");
  if (static_cast<double>(undefined) > kUndefinedAllowed * static_cast<double>(resamples) ||
      sorted.size() < 2)
    return cannot_estimate("not defined in " + std::to_string(undefined) + " of " +
                           std::to_string(resamples) + " resamples");
  e.se = standard_deviation(sorted);
  e.method = method;
  if (undefined > 0) e.method += " (" + std::to_string(undefined) + " undefined resamples left out)";
  return e;
}

// Efron's acceleration from jackknife values, strata as separate samples; NaN when it cannot be had.
double acceleration(const BootstrapSample& sample, std::size_t statistic) {
  std::vector<double> sum, count;
  const auto& stratum = sample.jackknife_stratum;
  for (std::size_t j = 0; j < stratum.size(); ++j) {
    if (sum.size() <= stratum[j]) sum.resize(stratum[j] + 1), count.resize(stratum[j] + 1);
    sum[stratum[j]] += sample.jackknife[j * sample.statistics + statistic];
    ++count[stratum[j]];
  }
  double cubes = 0, squares = 0;
  for (std::size_t j = 0; j < stratum.size(); ++j) {
    const double n = count[stratum[j]];
    const double value = sample.jackknife[j * sample.statistics + statistic];
    const double influence = (n - 1) / n * (sum[stratum[j]] / n - value);
    cubes += influence * influence * influence;
    squares += influence * influence;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : kNotEstimable;
}

// Share of replicates below a value, ties half.
double share_below(const std::vector<double>& sorted, double value) {
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
  const auto upto = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
  return 0.5 * static_cast<double>(below + upto) / static_cast<double>(sorted.size());
}

}  // namespace

BootstrapSample bootstrap_by_subject(SubjectIds subjects, std::size_t statistics,
                                     const WeightedStatistics& compute, const BootstrapOptions& options) {
  if (subjects.empty() || statistics == 0 || options.resamples == 0)
    throw std::invalid_argument("a bootstrap needs images, a statistic and resamples");
  const auto groups = subjects_by_stratum(subjects, options.strata);
  BootstrapSample sample;
  sample.statistics = statistics;
  sample.observed.resize(statistics);
  sample.replicates.resize(options.resamples * statistics);
  std::vector<double> weights(subjects.size(), 1.0);
  compute(weights, sample.observed);

  std::vector<double> times(std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (std::size_t b = 0; b < options.resamples; ++b) {
    Random random({options.seed, b});
    std::fill(times.begin(), times.end(), 0.0);
    for (const auto& group : groups)
      for (std::size_t k = 0; k < group.size(); ++k) ++times[group[random.below(group.size())]];
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = times[subjects[i]];
    compute(weights, std::span(sample.replicates).subspan(b * statistics, statistics));
  }
  if (!options.jackknife) return sample;
  std::fill(times.begin(), times.end(), 1.0);
  std::vector<double> figures(statistics);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const auto left_out : groups[g]) {
      times[left_out] = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = times[subjects[i]];
      times[left_out] = 1;
      compute(weights, figures);
      sample.jackknife.insert(sample.jackknife.end(), figures.begin(), figures.end());
      sample.jackknife_stratum.push_back(static_cast<std::uint32_t>(g));
    }
  }
  return sample;
}

std::vector<std::uint32_t> class_strata(Labels positive, SubjectIds subjects) {
  detail::require_same_length(positive.size(), subjects.size(), {});
  if (subjects.empty()) return {};
  std::vector<std::uint32_t> has(std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (std::size_t i = 0; i < positive.size(); ++i) has[subjects[i]] |= positive[i] != 0 ? 2U : 1U;
  for (auto& h : has) h = h == 0 ? 0 : h - 1;
  return has;
}

Estimate percentile_interval(const BootstrapSample& sample, std::size_t statistic, double confidence,
                             std::optional<double> null) {
  require_confidence(confidence);
  const auto sorted = sorted_replicates(sample, statistic);
  Estimate e = begin_estimate(sample, statistic, sorted, "bootstrap, percentile");
  if (!e.estimable()) return e;
  e.low = quantile_of_sorted(sorted, (1 - confidence) / 2);
  e.high = quantile_of_sorted(sorted, (1 + confidence) / 2);
  if (null) {
    const auto not_above = std::upper_bound(sorted.begin(), sorted.end(), *null) - sorted.begin();
    const auto not_below = sorted.end() - std::lower_bound(sorted.begin(), sorted.end(), *null);
    const auto smaller = static_cast<double>(std::min(not_above, not_below));
    e.p = std::min(1.0, 2 * (smaller + 1) / (static_cast<double>(sorted.size()) + 1));
  }
  return e;
}

Estimate bca_interval(const BootstrapSample& sample, std::size_t statistic, double confidence,
                      std::optional<double> null) {
  require_confidence(confidence);
  if (sample.jackknife.empty()) throw std::invalid_argument("a BCa interval needs the jackknife");
  const auto sorted = sorted_replicates(sample, statistic);
  Estimate e = begin_estimate(sample, statistic, sorted, "bootstrap, BCa");
  if (!e.estimable()) return e;
  const double share = share_below(sorted, e.value);
  const double a = acceleration(sample, statistic);
  if (share <= 0 || share >= 1 || std::isnan(a)) {
    e = percentile_interval(sample, statistic, confidence, null);
    e.method += " (no BCa: one-sided)";
    return e;
  }
  const double z0 = normal_quantile(share);
  const auto end = [&](double probability) {
    const double z = z0 + normal_quantile(probability);
    return quantile_of_sorted(sorted, normal_cdf(z0 + z / (1 - a * z)));
  };
  e.low = end((1 - confidence) / 2);
  e.high = end((1 + confidence) / 2);
  if (null) {  // the confidence at which an end of the interval meets the null value
    const double smallest = 1 / (static_cast<double>(sorted.size()) + 1);
    const double z = normal_quantile(std::clamp(share_below(sorted, *null), smallest, 1 - smallest)) - z0;
    e.p = two_sided_p(z / (1 + a * z) - z0);
  }
  return e;
}

std::vector<double> replicate_covariance(const BootstrapSample& sample, std::span<const std::size_t> chosen,
                                         double subjects) {
  const std::size_t count = chosen.size();
  std::vector<std::size_t> defined;  // first value of each resample whose chosen figures all exist
  for (std::size_t at = 0; at < sample.replicates.size(); at += sample.statistics)
    if (std::none_of(chosen.begin(), chosen.end(),
                     [&](std::size_t c) { return std::isnan(sample.replicates[at + c]); }))
      defined.push_back(at);
  std::vector<double> mean(count), covariance(count * count, kNotEstimable);
  if (defined.size() < 2) return covariance;
  for (const auto at : defined)
    for (std::size_t c = 0; c < count; ++c)
      mean[c] += sample.replicates[at + chosen[c]] / static_cast<double>(defined.size());
  std::fill(covariance.begin(), covariance.end(), 0.0);
  const double unbiased = std::isinf(subjects) ? 1 : subjects / (subjects - 1);
  for (const auto at : defined)
    for (std::size_t a = 0; a < count; ++a)
      for (std::size_t b = 0; b < count; ++b)
        covariance[a * count + b] += unbiased * (sample.replicates[at + chosen[a]] - mean[a]) *
                                     (sample.replicates[at + chosen[b]] - mean[b]) /
                                     static_cast<double>(defined.size() - 1);
  return covariance;
}

}  // namespace dsx::statistics
