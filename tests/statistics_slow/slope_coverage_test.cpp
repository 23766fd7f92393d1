// Slopes over noise levels, and the difference that a test finds four times in five.
#include "study/statistics/regression.hpp"
#include "study/statistics/seeds.hpp"
#include "tests/statistics_slow/coverage.hpp"

namespace {

using namespace dsx;
using dsx_test::coverage_of;
using dsx_test::expect_coverage;

// At the detectable difference a test finds it in 80% of repetitions.
TEST(DetectableDifference, IsFoundInEightyPercent) {
  const statistics::Estimate truth = statistics::t_interval(0, 1 / std::sqrt(5.0), 4, 0.95);
  const double difference = statistics::minimum_detectable_difference(truth);
  int found = 0;
  constexpr int repetitions = 6000;
  for (int i = 0; i < repetitions; ++i) {
    Random r({15, static_cast<std::uint64_t>(i)});
    std::vector<double> figures(5);
    for (auto& f : figures) f = difference + r.normal();
    found += statistics::combine_seeds(figures, std::vector<double>(25, 0.0)).mean.p < 0.05 ? 1 : 0;
  }
  // Bloom's sum of two quantiles overshoots the exact (noncentral t) figure a little at 4 degrees of freedom.
  EXPECT_NEAR(found / double{repetitions}, 0.8, 0.04);
}

// Exact under normal errors: no tolerance.
TEST(SlopeCoverage, BlocksAndDifferences) {
  const double levels[] = {0, 0.1, 0.2, 0.4};
  const auto one = [&](bool paired) {
    return [&, paired](Random& r) {
      std::vector<double> x, a, b;
      std::vector<std::uint32_t> block;
      for (std::uint32_t s = 0; s < 5; ++s) {
        const double seed = 0.05 * r.normal();
        for (const double level : levels) {
          const double common = 0.02 * r.normal();
          x.push_back(level);
          block.push_back(s);
          a.push_back(0.9 - 0.3 * level + seed + common + 0.01 * r.normal());
          b.push_back(0.9 - 0.1 * level + seed + common + 0.01 * r.normal());
        }
      }
      return paired ? statistics::slope_difference(x, a, b, block)
                    : statistics::slope_with_blocks(x, a, block);
    };
  };
  expect_coverage(coverage_of(4000, -0.3, one(false)), 0);
  expect_coverage(coverage_of(4000, -0.2, one(true)), 0);
}

}  // namespace
