#include "study/statistics/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "study/statistics/checks.hpp"
#include "study/statistics/proportion.hpp"

namespace dsx::statistics {
namespace {

using detail::require_same_length;
using detail::too_little;

double probability_of(double logit) { return 1 / (1 + std::exp(-logit)); }

// A bin's images, by their places in the input.
using Bin = std::vector<std::size_t>;

std::vector<Bin> equal_mass_bins(std::span<const double> logits, std::size_t bins) {
  if (bins == 0) throw std::invalid_argument("calibration needs at least one bin");
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] < logits[b]; });
  std::vector<Bin> result;
  std::size_t begin = 0;
  for (std::size_t k = 1; k <= bins; ++k) {
    // The first bins take the images that are left over, as numpy.array_split does.
    std::size_t end = k * (order.size() / bins) + std::min(k, order.size() % bins);
    while (end > 0 && end < order.size() && logits[order[end]] == logits[order[end - 1]]) ++end;
    if (end <= begin) continue;
    result.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(begin),
                        order.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end;
  }
  return result;
}

struct BinMeans {
  double count = 0, probability = 0, observed = 0;
};

std::vector<BinMeans> means_of_bins(std::span<const double> logits, Labels positive, std::size_t bins) {
  std::vector<BinMeans> means;
  for (const auto& bin : equal_mass_bins(logits, bins)) {
    BinMeans m;
    m.count = static_cast<double>(bin.size());
    for (const auto i : bin) {  // divided at the end: a sum of shares can come out above 1
      m.probability += probability_of(logits[i]);
      m.observed += positive[i] != 0 ? 1 : 0;
    }
    m.probability /= m.count;
    m.observed /= m.count;
    means.push_back(m);
  }
  return means;
}

// E|X| for X normal with this mean and standard deviation.
double mean_absolute_normal(double mean, double sd) {
  if (sd == 0) return std::abs(mean);
  return sd * std::sqrt(2 / std::numbers::pi) * std::exp(-0.5 * mean * mean / (sd * sd)) +
         mean * (1 - 2 * normal_cdf(-mean / sd));
}

// Interval of a mean over images from its variance between subjects (or images).
Estimate mean_with_interval(std::span<const double> values, SubjectIds subjects, double confidence) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  std::vector<double> residual(subjects.empty()
                                   ? values.size()
                                   : std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1);
  for (std::size_t i = 0; i < values.size(); ++i)
    residual[subjects.empty() ? i : subjects[i]] += values[i] - mean;
  const double units = subjects.empty() ? n : static_cast<double>(detail::count_subjects(subjects));
  const double sum = std::inner_product(residual.begin(), residual.end(), residual.begin(), 0.0);
  return t_interval(mean, std::sqrt(units / (units - 1) * sum) / n, units - 1, confidence);
}

}  // namespace

Reliability reliability_curve(std::span<const double> logits, Labels positive, std::size_t bins,
                              SubjectIds subjects, const IntervalOptions& options) {
  require_same_length(logits.size(), positive.size(), subjects);
  Reliability result;
  result.not_estimable = too_little(logits, positive, subjects, options.minimum);
  if (!result.not_estimable.empty()) return result;
  for (const auto& images : equal_mass_bins(logits, bins)) {
    ReliabilityBin bin;
    bin.count = images.size();
    bin.mean_probability = 0;
    std::vector<std::uint8_t> hits;
    std::vector<std::uint32_t> ids;
    for (const auto i : images) {
      bin.mean_probability += probability_of(logits[i]) / static_cast<double>(images.size());
      hits.push_back(positive[i]);
      if (!subjects.empty()) ids.push_back(subjects[i]);
    }
    bin.lowest_probability = probability_of(logits[images.front()]);
    bin.highest_probability = probability_of(logits[images.back()]);
    bin.observed = proportion_by_subject(hits, ids, options);
    result.bins.push_back(std::move(bin));
  }
  return result;
}

Brier brier_score(std::span<const double> logits, Labels positive, std::size_t bins, SubjectIds subjects,
                  const IntervalOptions& options) {
  require_same_length(logits.size(), positive.size(), subjects);
  Brier brier;
  if (auto reason = too_little(logits, positive, subjects, options.minimum); !reason.empty()) {
    brier.score = cannot_estimate(reason);
    return brier;
  }
  std::vector<double> errors;
  double prevalence = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double truth = positive[i] != 0 ? 1 : 0;
    const double error = probability_of(logits[i]) - truth;
    errors.push_back(error * error);
    prevalence += truth / static_cast<double>(logits.size());
  }
  brier.score = mean_with_interval(errors, subjects, options.confidence);
  brier.score.low = std::max(0.0, brier.score.low);
  brier.score.p = kNotEstimable;  // nothing is tested
  brier.reliability = brier.resolution = 0;
  for (const auto& bin : means_of_bins(logits, positive, bins)) {
    const double share = bin.count / static_cast<double>(logits.size());
    brier.reliability += share * (bin.probability - bin.observed) * (bin.probability - bin.observed);
    brier.resolution += share * (bin.observed - prevalence) * (bin.observed - prevalence);
  }
  brier.uncertainty = prevalence * (1 - prevalence);
  brier.within_bins = brier.score.value - (brier.reliability - brier.resolution + brier.uncertainty);
  return brier;
}

CalibrationError calibration_error(std::span<const double> logits, Labels positive, std::size_t bins,
                                   const IntervalOptions& options) {
  require_same_length(logits.size(), positive.size(), {});
  CalibrationError result;
  result.not_estimable = too_little(logits, positive, {}, options.minimum);
  if (!result.not_estimable.empty()) return result;
  double plug_in = 0, under_noise = 0, square = 0, calibrated = 0;
  for (const auto& bin : means_of_bins(logits, positive, bins)) {
    const double share = bin.count / static_cast<double>(logits.size());
    const double gap = bin.probability - bin.observed;
    const double noise = bin.observed * (1 - bin.observed);
    plug_in += share * std::abs(gap);
    under_noise += share * mean_absolute_normal(gap, std::sqrt(noise / bin.count));
    square += share * (gap * gap - (bin.count > 1 ? noise / (bin.count - 1) : 0));
    calibrated +=
        share * mean_absolute_normal(0, std::sqrt(bin.probability * (1 - bin.probability) / bin.count));
  }
  result.plug_in = plug_in;
  result.debiased = 2 * plug_in - under_noise;
  result.root_mean_square = std::sqrt(std::max(0.0, square));
  result.expected_if_calibrated = calibrated;
  return result;
}

}  // namespace dsx::statistics
