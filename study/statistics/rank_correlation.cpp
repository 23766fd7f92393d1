#include "study/statistics/rank_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace dsx::statistics {

Estimate rank_correlation(std::span<const double> a, std::span<const double> b) {
  constexpr std::size_t kFewest = 5;
  const RankCorrelation both(a, b);
  if (a.size() < kFewest) return cannot_estimate("a rank correlation needs at least 5 pairs");
  const double r = both.of(std::vector<double>(a.size(), 1.0));
  if (std::isnan(r)) return cannot_estimate("a column with a single value has no rank correlation");
  const double z = std::atanh(std::clamp(r, -0.999, 0.999)), n = static_cast<double>(a.size());
  const double half = normal_quantile(0.975) * std::sqrt((1 + r * r / 2) / (n - 3));
  Estimate e;
  e.value = r;
  e.low = std::tanh(z - half);
  e.high = std::tanh(z + half);
  e.method = "Spearman, Fisher";
  return e;
}

RankCorrelation::RankCorrelation(std::span<const double> a, std::span<const double> b)
    : a_(ordered(a)), b_(ordered(b)) {
  if (a.size() != b.size()) throw std::invalid_argument("a rank correlation needs two scores of each image");
}

std::vector<RankCorrelation::Place> RankCorrelation::ordered(std::span<const double> scores) {
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); }))
    throw std::invalid_argument("a rank correlation of a score that is not a number");
  std::vector<std::uint32_t> images(scores.size());
  std::iota(images.begin(), images.end(), 0U);
  std::sort(images.begin(), images.end(), [&](auto i, auto j) { return scores[i] < scores[j]; });
  std::vector<Place> order;
  for (std::size_t k = 0; k < images.size(); ++k)
    order.push_back({images[k], k + 1 == images.size() || scores[images[k]] != scores[images[k + 1]]});
  return order;
}

std::vector<double> RankCorrelation::midranks(const std::vector<Place>& order,
                                              std::span<const double> weights) {
  std::vector<double> ranks(order.size());
  double below = 0, tied = 0;
  for (std::size_t k = 0, first = 0; k < order.size(); ++k) {
    tied += weights[order[k].image];
    if (!order[k].last_of_tie) continue;
    for (; first <= k; ++first) ranks[order[first].image] = below + (tied + 1) / 2;
    below += tied;
    tied = 0;
  }
  return ranks;
}

double RankCorrelation::of(std::span<const double> weights) const {
  const std::vector<double> a = midranks(a_, weights), b = midranks(b_, weights);
  double all = 0;
  for (const double w : weights) all += w;
  const double middle = (all + 1) / 2;  // the mean of midranks, ties or none
  double both = 0, of_a = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double from_a = a[i] - middle, from_b = b[i] - middle;
    both += weights[i] * from_a * from_b;
    of_a += weights[i] * from_a * from_a;
    of_b += weights[i] * from_b * from_b;
  }
  return both / std::sqrt(of_a * of_b);  // 0 / 0 is NaN
}

}  // namespace dsx::statistics
