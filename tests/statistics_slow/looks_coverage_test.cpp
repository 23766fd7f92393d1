// Seeds are added until a comparison is decided: do all looks together err as often as they promise?
#include "study/statistics/equivalence.hpp"
#include "study/statistics/looks.hpp"
#include "tests/statistics_slow/seeds_draw.hpp"

namespace {

using namespace dsx;

// Normal differences of `truth`; the same images at every look, one more seed at a time. Returns whether any
// look at `alpha` finds it different, or equivalent within `margin`.
struct Found {
  bool different = false, equivalent = false;
};
Found look_until_decided(Random& r, double truth, double margin, double alpha) {
  constexpr double kShared = 0.15;  // variance of what all seeds' images do; that of one seed is 1
  const double images = std::sqrt(kShared) * r.normal();
  std::vector<double> figures;
  Found found;
  for (const std::size_t seeds : statistics::looks_between(3, 20)) {
    while (figures.size() < seeds) figures.push_back(truth + images + r.normal());
    std::vector<double> covariance(seeds * seeds, kShared);
    for (std::size_t s = 0; s < seeds; ++s) covariance[s * seeds + s] += 0.5;
    const auto e = statistics::combine_seeds(figures, covariance).mean;
    found.different = found.different || e.p <= alpha;
    found.equivalent = found.equivalent || statistics::equivalence_p(e, margin) <= alpha;
  }
  return found;
}

struct Errors {
  double different = 0, equivalent = 0;
};
Errors errors_at(double alpha) {
  constexpr int repetitions = 4000;
  constexpr double margin = 2;
  Errors errors;
  for (int i = 0; i < repetitions; ++i) {
    Random r({41, static_cast<std::uint64_t>(i)});
    errors.different += look_until_decided(r, 0, margin, alpha).different ? 1.0 / repetitions : 0;
    errors.equivalent += look_until_decided(r, margin, margin, alpha).equivalent ? 1.0 / repetitions : 0;
  }
  return errors;
}

TEST(Looks, KeepTheErrorOfOneLook) {
  const double looks = static_cast<double>(statistics::looks_between(3, 20).size());
  EXPECT_EQ(looks, 4);
  const Errors errors = errors_at(0.05 / looks);
  std::printf("  %g looks, 3 to 20 seeds: errors 'different' %.1f%%, 'equivalent' %.1f%%\n", looks,
              100 * errors.different, 100 * errors.equivalent);
  EXPECT_LE(errors.different, 0.05);
  EXPECT_LE(errors.equivalent, 0.05);
}

TEST(Looks, LookingAgainAtFullAlphaIsSeen) { EXPECT_GT(errors_at(0.05).different, 0.08); }

}  // namespace
