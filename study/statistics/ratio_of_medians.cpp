#include "study/statistics/ratio_of_medians.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/base/random.hpp"
#include "study/statistics/bootstrap.hpp"
#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

using detail::too_few;

// Reorders `values`.
double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

// Positions of a resample: runs of `block` neighbours from random places, the end joined to the beginning.
void draw_positions(Random& random, std::size_t block, std::vector<std::size_t>& positions) {
  const std::size_t count = positions.size();
  for (std::size_t at = 0; at < count;) {
    const std::size_t start = random.below(count);
    for (std::size_t k = 0; k < block && at < count; ++k) positions[at++] = (start + k) % count;
  }
}

void require_timings(std::span<const double> values) {
  for (const double v : values)
    if (!(v > 0) || std::isinf(v)) throw std::invalid_argument("a timing is not a positive number");
}

std::string too_few_timings(std::size_t count, const RatioOptions& options) {
  if (auto reason = too_few("samples", count, options.minimum); !reason.empty()) return reason;
  return count < 2 * options.block ? "fewer than two blocks of samples" : "";
}

}  // namespace

Estimate ratio_of_medians(std::span<const double> a, std::span<const double> b, const RatioOptions& options) {
  detail::require_confidence(options.confidence);
  if (options.block == 0 || options.resamples < 2)
    throw std::invalid_argument("a ratio of medians needs a block length and resamples");
  if (options.paired && a.size() != b.size()) throw std::invalid_argument("paired samples differ in length");
  require_timings(a);
  require_timings(b);
  for (const auto count : {a.size(), b.size()})
    if (auto reason = too_few_timings(count, options); !reason.empty()) return cannot_estimate(reason);
  BootstrapSample sample;
  sample.statistics = 1;
  std::vector<double> drawn_a(a.begin(), a.end()), drawn_b(b.begin(), b.end());
  sample.observed = {median_of(drawn_a) / median_of(drawn_b)};
  std::vector<std::size_t> at_a(a.size()), at_b(b.size());
  for (std::size_t r = 0; r < options.resamples; ++r) {
    Random random({options.seed, r});
    draw_positions(random, options.block, at_a);
    if (options.paired) {
      at_b = at_a;
    } else {
      draw_positions(random, options.block, at_b);
    }
    std::transform(at_a.begin(), at_a.end(), drawn_a.begin(), [&](std::size_t i) { return a[i]; });
    std::transform(at_b.begin(), at_b.end(), drawn_b.begin(), [&](std::size_t i) { return b[i]; });
    sample.replicates.push_back(median_of(drawn_a) / median_of(drawn_b));
  }
  Estimate e = percentile_interval(sample, 0, options.confidence, 1.0);
  e.method += options.block > 1 ? ", blocks of " + std::to_string(options.block) : "";
  e.method += options.paired ? ", paired" : "";
  return e;
}

}  // namespace dsx::statistics
