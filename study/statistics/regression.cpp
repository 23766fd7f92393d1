#include "study/statistics/regression.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

// Sums around each block's own means.
struct BlockSums {
  double count = 0, mean_x = 0, mean_y = 0;
  double xx = 0, xy = 0, yy = 0;
};

std::vector<BlockSums> sums_by_block(std::span<const double> x, std::span<const double> y,
                                     std::span<const std::uint32_t> block) {
  if (x.size() != y.size() || x.size() != block.size())
    throw std::invalid_argument("x, y and block differ in length");
  std::vector<BlockSums> sums(block.empty() ? 0
                                            : std::size_t{*std::max_element(block.begin(), block.end())} + 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i])) continue;
    auto& s = sums[block[i]];
    ++s.count;
    s.mean_x += x[i];
    s.mean_y += y[i];
  }
  for (auto& s : sums) {
    s.mean_x /= s.count;  // an empty block stays NaN and takes no part
    s.mean_y /= s.count;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i])) continue;
    auto& s = sums[block[i]];
    s.xx += (x[i] - s.mean_x) * (x[i] - s.mean_x);
    s.xy += (x[i] - s.mean_x) * (y[i] - s.mean_y);
    s.yy += (y[i] - s.mean_y) * (y[i] - s.mean_y);
  }
  return sums;
}

}  // namespace

Estimate slope_with_blocks(std::span<const double> x, std::span<const double> y,
                           std::span<const std::uint32_t> block, double confidence) {
  detail::require_confidence(confidence);
  const auto sums = sums_by_block(x, y, block);
  double points = 0, blocks = 0, xx = 0, xy = 0, yy = 0;
  for (const auto& s : sums) {
    points += s.count;
    blocks += s.count > 0 ? 1 : 0;
    xx += s.xx;
    xy += s.xy;
    yy += s.yy;
  }
  if (!(xx > 0)) return cannot_estimate("a slope needs at least two levels within a seed");
  const double df = points - blocks - 1;
  if (df < 1) return cannot_estimate("too few points for a slope with an interval");
  const double slope = xy / xx;
  const double residual = std::max(0.0, yy - slope * xy);
  Estimate e = t_interval(slope, std::sqrt(residual / df / xx), df, confidence);
  if (e.estimable()) e.method = "least squares, blocks";
  return e;
}

Estimate slope_difference(std::span<const double> x, std::span<const double> y_a, std::span<const double> y_b,
                          std::span<const std::uint32_t> block, double confidence) {
  if (y_a.size() != y_b.size()) throw std::invalid_argument("the two figures differ in length");
  std::vector<double> difference(y_a.size());
  std::transform(y_a.begin(), y_a.end(), y_b.begin(), difference.begin(),
                 [](double a, double b) { return a - b; });
  return slope_with_blocks(x, difference, block, confidence);
}

std::vector<double> slopes_by_block(std::span<const double> x, std::span<const double> y,
                                    std::span<const std::uint32_t> block) {
  std::vector<double> slopes;
  for (const auto& s : sums_by_block(x, y, block)) slopes.push_back(s.xx > 0 ? s.xy / s.xx : kNotEstimable);
  return slopes;
}

}  // namespace dsx::statistics
