// How often intervals cover the truth, by simulation with fixed seeds. A 95% interval must cover in 95% of
// repetitions, give or take the Monte-Carlo error (3.5 standard errors) and a tolerance that each test
// states: what the literature reports for the method at that size. An interval that is wrong (the wrong
// variance, subjects ignored) falls outside; the tests named "...IsSeen" prove that for the mistakes that
// matter most.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "kernels/base/random.hpp"
#include "study/statistics/estimate.hpp"

namespace dsx_test {

struct Coverage {
  int repetitions = 0, covered = 0, not_estimable = 0;
  double share() const { return static_cast<double>(covered) / repetitions; }
  double error() const { return std::sqrt(0.95 * 0.05 / repetitions); }
  void add(const dsx::statistics::Estimate& e, double truth) {
    ++repetitions;
    if (!e.estimable()) {
      ++not_estimable;
    } else if (e.low <= truth && truth <= e.high) {
      ++covered;
    }
  }
};

// One repetition returns the interval; each has a random stream of its own.
inline Coverage coverage_of(int repetitions, double truth,
                            const std::function<dsx::statistics::Estimate(dsx::Random&)>& one) {
  Coverage c;
  for (int r = 0; r < repetitions; ++r) {
    dsx::Random random({20261124, static_cast<std::uint64_t>(r)});
    c.add(one(random), truth);
  }
  return c;
}

inline void expect_coverage(const Coverage& c, double tolerance, double nominal = 0.95) {
  EXPECT_EQ(c.not_estimable, 0);
  EXPECT_NEAR(c.share(), nominal, 3.5 * c.error() + tolerance) << c.covered << " of " << c.repetitions;
}

// For intervals that may cover more than they promise.
inline void expect_at_least(const Coverage& c, double tolerance, double nominal = 0.95) {
  EXPECT_EQ(c.not_estimable, 0);
  EXPECT_GE(c.share(), nominal - 3.5 * c.error() - tolerance) << c.covered << " of " << c.repetitions;
}

// An interval beside the field's own, on the same figures: it must cover in 94 to 98.5% of repetitions and be
// at most 1.25 times as wide, so that an interval that is too wide fails as one that is too narrow does.
struct Band {
  Coverage ours;
  double width = 0, reference_width = 0;
  void add(const dsx::statistics::Estimate& found, const dsx::statistics::Estimate& reference, double truth) {
    ours.add(found, truth);
    if (!found.estimable()) return;
    width += found.high - found.low;
    reference_width += reference.high - reference.low;
  }
  double times_as_wide() const { return width / reference_width; }
  bool holds(double widest = 1.25) const {
    const double chance = 2 * ours.error();  // of the simulation itself
    return ours.not_estimable == 0 && ours.share() >= 0.94 - chance && ours.share() <= 0.985 + chance &&
           times_as_wide() <= widest;
  }
};

inline void expect_band(const Band& band, const std::string& what, double widest = 1.25) {
  EXPECT_TRUE(band.holds(widest)) << what << ": covers " << 100 * band.ours.share() << "%, "
                                  << band.times_as_wide() << " times as wide";
  std::printf("  %-60s covers %.1f%%, %.2f times as wide as Obuchowski-Rockette's\n", what.c_str(),
              100 * band.ours.share(), band.times_as_wide());
}

// Subjects with 1 to 6 images each.
inline std::vector<std::uint32_t> random_subjects(dsx::Random& random, std::uint32_t subjects) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t s = 0; s < subjects; ++s)
    for (std::size_t k = 1 + random.below(6); k > 0; --k) ids.push_back(s);
  return ids;
}

// Integral over a standard normal variable, by the trapezoidal rule on [-9, 9].
inline double normal_mean(const std::function<double(double)>& f) {
  constexpr int steps = 4000;
  double sum = 0;
  for (int i = 0; i <= steps; ++i) {
    const double x = -9 + 18.0 * i / steps;
    sum += f(x) * std::exp(-0.5 * x * x);
  }
  return sum * 18 / steps / std::sqrt(2 * std::numbers::pi);
}

}  // namespace dsx_test
