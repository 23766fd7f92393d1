// A limit is the best of samples that outlast what disturbs them: the clock and the disturbances are made up.
#include "bench/machine/rate.hpp"

#include <gmock/gmock.h>

namespace dsx {
namespace {

// Samples of a quarter of a millisecond; the team has its CPUs from `settled_s` on, and half the rate before.
struct Team {
  double clock_s = 0, settled_s = 0;
  bool tells_cpus = true;
  int samples = 0;
  bench::RateOptions options() {
    bench::RateOptions options;
    options.now_s = [this] { return clock_s; };
    options.is_disturbed = [](const std::function<void()>& work) {
      work();
      return false;
    };
    return options;
  }
  bench::Rate measure() {
    return bench::measure_rate(options(), [this]() -> bench::RateSample {
      ++samples;
      clock_s += 0.00025;
      const bool settled = clock_s > settled_s;
      return {settled ? 220.0 : 110.0, settled || !tells_cpus};
    });
  }
};

TEST(Rate, OutlastsATeamThatSharesOneCpuAtFirst) {
  Team team;
  team.settled_s = 0.015;
  team.tells_cpus = false;
  EXPECT_EQ(team.measure().best, 220) << "11 samples would have been over after 3 ms, and agreed on half";
  Team told;
  told.settled_s = 0.2;
  const auto rate = told.measure();
  EXPECT_EQ(rate.best, 220) << "it is waited for longer when the system tells that CPUs are shared";
  EXPECT_EQ(rate.median, 220);
  EXPECT_GT(rate.disturbed_share, 0.7);
}

TEST(Rate, EndsWithATeamThatNeverSettles) {
  Team team;
  team.settled_s = 1e9;
  const auto rate = team.measure();
  EXPECT_EQ(rate.best, 110);
  EXPECT_EQ(rate.disturbed_share, 1) << "so that the machine is called too noisy";
  EXPECT_LT(team.clock_s, 0.5);
}

TEST(Rate, DisturbedSamplesCountOnlyWhenThereAreHardlyOthers) {
  for (const bool often : {false, true}) {
    int sample = 0;
    double clock_s = 0;
    bench::RateOptions options;
    options.repeats = 10;
    options.now_s = [&] { return clock_s; };
    bool disturbed = false;
    options.is_disturbed = [&](const std::function<void()>& work) {
      work();
      return disturbed;
    };
    const auto rate = bench::measure_rate(options, [&]() -> bench::RateSample {
      clock_s += 0.01;
      disturbed = often || ++sample % 3 == 0;
      return {disturbed ? 50.0 : 100.0};
    });
    EXPECT_EQ(rate.best, often ? 50 : 100);
    EXPECT_EQ(rate.median, rate.best);
    EXPECT_NEAR(rate.disturbed_share, often ? 1 : 0.3, 0.1);
  }
}

TEST(Rate, KnowsATeamOnTooFewCpus) {
  EXPECT_FALSE(bench::on_own_cpus({1, 1}) && bench::on_own_cpus({0, 1, 0}) && bench::on_own_cpus({0, 0}))
      << "unless the process may use one CPU alone";
  EXPECT_TRUE(bench::on_own_cpus({0}));
  EXPECT_TRUE(bench::on_own_cpus({0, 1}));
  EXPECT_TRUE(bench::on_own_cpus({-1, -1})) << "not known";
  EXPECT_TRUE(bench::on_own_cpus(std::vector<int>(100000, 0))) << "more threads than CPUs must share";
}

}  // namespace
}  // namespace dsx
