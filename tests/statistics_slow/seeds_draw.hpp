// Networks of several seeds on the same images, drawn: the simulated comparison that the coverage tests
// judge. Also the field's own intervals, written down anew from the papers, which ours are measured against.
#pragma once

#include <map>
#include <numeric>

#include "study/statistics/auc.hpp"
#include "study/statistics/bootstrap.hpp"
#include "study/statistics/seeds.hpp"
#include "study/statistics/weighted.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace dsx_test {

using dsx::Random;
namespace statistics = dsx::statistics;

inline constexpr double kShift = 1.5;  // of the positives' scores
inline constexpr double kWorse = 0.3;  // how much less variant b shifts them

// Each image is hard or easy for all networks (`common` of the variance), and resembles its subject's others
// (half of that, with subjects); each network is good or bad (standard deviation `seed_sd` of its shift).
struct DrawOptions {
  double seed_sd = 0.2, common = 0.5;
  int images = 160;
  std::uint32_t subjects = 0;  // 0: every image is its own
};
struct SeedsDraw {
  std::vector<std::vector<double>> scores;
  std::vector<std::uint8_t> positive;
  std::vector<std::uint32_t> subject;  // empty: every image is its own
  std::vector<double> shifts;          // of each network
};

inline SeedsDraw draw_seeds(Random& r, std::size_t seeds, const DrawOptions& o) {
  SeedsDraw d;
  std::vector<double> hard;
  if (o.subjects > 0) d.subject = random_subjects(r, o.subjects);
  std::vector<double> own(o.subjects);
  for (auto& value : own) value = r.normal();
  const std::size_t images = o.subjects > 0 ? d.subject.size() : static_cast<std::size_t>(o.images);
  for (std::size_t i = 0; i < images; ++i) {
    d.positive.push_back((o.subjects > 0 ? d.subject[i] : i) % 2 == 1 ? 1 : 0);
    hard.push_back(o.subjects > 0 ? std::sqrt(0.5) * (own[d.subject[i]] + r.normal()) : r.normal());
  }
  for (std::size_t s = 0; s < seeds; ++s) {
    d.shifts.push_back(kShift + o.seed_sd * r.normal());
    auto& scores = d.scores.emplace_back();
    for (std::size_t i = 0; i < hard.size(); ++i)
      scores.push_back(d.shifts[s] * d.positive[i] + std::sqrt(o.common) * hard[i] +
                       std::sqrt(1 - o.common) * r.normal());
  }
  return d;
}

// Mean over seeds of Phi((shift + seed_sd z) / sqrt(2)).
inline double true_auc(double shift, double seed_sd) {
  return statistics::normal_cdf(shift / std::sqrt(2 + seed_sd * seed_sd));
}

inline statistics::SeedSummary summary_of(const SeedsDraw& d) {
  const auto c = statistics::auc_covariance(d.scores, d.positive, d.subject);
  return statistics::combine_seeds(c.auc, c.covariance);
}

// Variant b: a's scores disturbed by a variance of .25, and worse by a seed's own amount (sd .1). [2 seeds]
inline SeedsDraw draw_two_variants(Random& r, std::size_t seeds, double worse, std::uint32_t subjects,
                                   int images = 160) {
  DrawOptions options;
  options.subjects = subjects;
  options.images = images;
  SeedsDraw d = draw_seeds(r, seeds, options);
  for (std::size_t s = 0; s < seeds; ++s) {
    const double own = worse + 0.1 * r.normal();
    d.shifts.push_back(d.shifts[s] - own);
    d.scores.push_back(d.scores[s]);
    for (std::size_t i = 0; i < d.positive.size(); ++i)
      d.scores.back()[i] += 0.5 * r.normal() - own * d.positive[i];
  }
  return d;
}

// AUC of a minus that of b: b's shift has variance .04 + .01, its scores 1.25.
inline double pair_truth(double worse) {
  return true_auc(kShift, 0.2) - statistics::normal_cdf((kShift - worse) / std::sqrt(2 * 1.25 + 0.05));
}

struct Differences {
  std::vector<double> figures, covariance;
};
inline Differences auc_differences(const SeedsDraw& d) {
  const auto c = statistics::auc_covariance(d.scores, d.positive, d.subject);
  const std::size_t seeds = d.scores.size() / 2;
  Differences result{{}, statistics::difference_covariance(c.covariance)};
  for (std::size_t s = 0; s < seeds; ++s) result.figures.push_back(c.auc[s] - c.auc[seeds + s]);
  return result;
}

// V and C: means of the diagonal and of the rest.
inline std::pair<double, double> image_error(const std::vector<double>& covariance, std::size_t seeds) {
  double diagonal = 0, all = 0;
  for (std::size_t s = 0; s < seeds; ++s) diagonal += covariance[s * seeds + s];
  for (const double c : covariance) all += c;
  const auto n = static_cast<double>(seeds);
  return {diagonal / n, std::max(0.0, (all - diagonal) / (n * (n - 1)))};
}

inline double mean_square(const std::vector<double>& figures, double& mean) {
  mean = std::accumulate(figures.begin(), figures.end(), 0.0) / static_cast<double>(figures.size());
  double sum = 0;
  for (const double f : figures) sum += (f - mean) * (f - mean);
  return sum / static_cast<double>(figures.size() - 1);
}

// Obuchowski & Rockette 1995 with the degrees of freedom of Hillis 2007.
inline statistics::Estimate with_hillis(const std::vector<double>& figures, double ms, double shared,
                                        double mean, double confidence) {
  const auto n = static_cast<double>(figures.size());
  const double total = ms + n * shared;
  return statistics::t_interval(mean, std::sqrt(total / n), (n - 1) * total * total / (ms * ms), confidence);
}
inline statistics::Estimate hillis_interval(const std::vector<double>& figures,
                                            const std::vector<double>& covariance, double confidence) {
  double mean = 0;
  const double ms = mean_square(figures, mean);
  return with_hillis(figures, ms, image_error(covariance, figures.size()).second, mean, confidence);
}
// The same with MS at least V - C.
inline statistics::Estimate floored_interval(const std::vector<double>& figures,
                                             const std::vector<double>& covariance) {
  double mean = 0;
  const double ms = mean_square(figures, mean);
  const auto [variance, shared] = image_error(covariance, figures.size());
  return with_hillis(figures, std::max(ms, variance - shared), shared, mean, 0.95);
}

using RateBands = std::map<std::string, Band>;

// The rates of both variants and their differences at a fixed threshold, by the bootstrap of a comparison.
inline void add_rates(const SeedsDraw& d, double threshold, RateBands& bands) {
  using Rate = double (*)(const statistics::WeightedCounts&);
  static const std::vector<std::pair<std::string, Rate>> rates = {
      {"sensitivity", [](const auto& c) { return c.sensitivity(); }},
      {"specificity", [](const auto& c) { return c.specificity(); }},
      {"called positive", [](const auto& c) { return c.predicted_positive_rate(); }}};
  const std::size_t both = d.scores.size(), seeds = both / 2;
  std::vector<std::vector<std::uint8_t>> called(both);
  for (std::size_t n = 0; n < both; ++n)
    for (const double score : d.scores[n]) called[n].push_back(score >= threshold ? 1 : 0);
  const auto sample = statistics::bootstrap_by_subject(
      d.subject, both * rates.size(),
      [&](auto weights, auto out) {
        for (std::size_t n = 0; n < both; ++n) {
          const auto counts = statistics::weighted_counts(called[n], d.positive, weights);
          for (std::size_t k = 0; k < rates.size(); ++k) out[k * both + n] = rates[k].second(counts);
        }
      },
      {.resamples = 300, .strata = statistics::class_strata(d.positive, d.subject), .jackknife = false});
  // Half of the images are positive; b's scores have variance 1.25, both shifts that of their seeds.
  const double sensitivity[2] = {
      statistics::normal_cdf((kShift - threshold) / std::sqrt(1 + 0.04)),
      statistics::normal_cdf((kShift - kWorse - threshold) / std::sqrt(1.25 + 0.05))};
  const double called_negative[2] = {statistics::normal_cdf(-threshold),
                                     statistics::normal_cdf(-threshold / std::sqrt(1.25))};
  for (std::size_t k = 0; k < rates.size(); ++k) {
    const auto truth = [&](int v) {
      return k == 0   ? sensitivity[v]
             : k == 1 ? 1 - called_negative[v]
                      : 0.5 * (sensitivity[v] + called_negative[v]);
    };
    std::vector<std::size_t> chosen(both);
    std::iota(chosen.begin(), chosen.end(), k * both);
    const auto covariance = statistics::replicate_covariance(sample, chosen);
    std::vector<double> a, differences, of_a;
    for (std::size_t s = 0; s < seeds; ++s) {
      a.push_back(sample.observed[chosen[s]]);
      differences.push_back(a[s] - sample.observed[chosen[seeds + s]]);
      of_a.insert(of_a.end(), covariance.begin() + static_cast<std::ptrdiff_t>(s * both),
                  covariance.begin() + static_cast<std::ptrdiff_t>(s * both + seeds));
    }
    const auto of_differences = statistics::difference_covariance(covariance);
    bands[rates[k].first].add(
        statistics::combine_seeds(a, of_a, {.scale = statistics::SeedScale::logit}).mean,
        statistics::on_logit_scale(hillis_interval(a, of_a, 0.95), 0.95), truth(0));
    bands["difference of " + rates[k].first].add(statistics::combine_seeds(differences, of_differences).mean,
                                                 hillis_interval(differences, of_differences, 0.95),
                                                 truth(0) - truth(1));
  }
}

}  // namespace dsx_test
