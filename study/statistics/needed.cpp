#include "study/statistics/needed.hpp"

#include <algorithm>
#include <cmath>

namespace dsx::statistics {
namespace {

constexpr double kMost = 1000;  // seeds, and times the images

struct Parts {
  double seed, own, shared;  // variances: seed effect, images in each seed alone, images in all seeds
};

Parts parts_of(const SeedSummary& found) {
  const double shared = found.shared_image_sd * found.shared_image_sd;
  return {found.seed_sd * found.seed_sd, std::max(0.0, found.image_sd * found.image_sd - shared), shared};
}

// The standard error of the mean in units of which a test at `alpha` with this power needs `size`.
struct Goal {
  double size, alpha;
};

bool reaches(const Parts& parts, double seeds, double images, const Goal& goal, double power) {
  const double of_seeds = (parts.seed + parts.own / images) / seeds, shared = parts.shared / images;
  const double variance = of_seeds + shared;
  if (!(goal.size > 0) || !(variance > 0)) return goal.size > 0;
  const double share = std::min(1.0, of_seeds / variance);
  const double quantiles = t_quantile(1 - goal.alpha, seeds - 1, share) + t_quantile(power, seeds - 1, share);
  return quantiles * std::sqrt(variance) <= goal.size;
}

}  // namespace

double expected_se(const SeedSummary& found, double seeds, double images) {
  const Parts parts = parts_of(found);
  return std::sqrt((parts.seed + parts.own / images) / seeds + parts.shared / images);
}

Needed needed_to_decide(const SeedSummary& found, double margin, double alpha, double power) {
  Needed needed;
  if (!found.mean.estimable()) return needed;
  const Parts parts = parts_of(found);
  const double size = std::abs(found.mean.value);
  const Goal goals[] = {{size, alpha / 2}, {std::isnan(margin) ? 0 : margin - size, alpha / 2}};
  const auto decided = [&](double seeds, double images) {
    return std::any_of(std::begin(goals), std::end(goals),
                       [&](const Goal& goal) { return reaches(parts, seeds, images, goal, power); });
  };
  const auto now = static_cast<double>(found.seeds);
  constexpr double never = std::numeric_limits<double>::infinity();
  needed.seeds = needed.images = never;
  for (double seeds = now; seeds <= kMost; ++seeds)
    if (decided(seeds, 1)) {
      needed.seeds = seeds;
      break;
    }
  constexpr double kStep = 1.02;
  for (double images = 1; images <= kMost; images *= kStep)
    if (decided(now, images)) {
      needed.images = images;
      break;
    }
  needed.left = (normal_quantile(1 - alpha / 2) + normal_quantile(power)) * std::sqrt(parts.shared);
  return needed;
}

}  // namespace dsx::statistics
