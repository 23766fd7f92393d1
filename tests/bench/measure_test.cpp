// Statistics against values worked out by hand, and the order in which arms run.
#include "bench/measure/measure.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

namespace dsx {
namespace {

TEST(Summarize, AgreesWithHandComputedValues) {
  const std::vector<double> samples{10, 2, 1, 4, 3};
  const auto s = bench::summarize(samples, 2);
  EXPECT_EQ(s.count, 5U);
  EXPECT_EQ(s.left_out, 2U);
  EXPECT_DOUBLE_EQ(s.median_ns, 3);
  EXPECT_DOUBLE_EQ(s.mean_ns, 4);
  EXPECT_DOUBLE_EQ(s.min_ns, 1);
  EXPECT_DOUBLE_EQ(s.max_ns, 10);
  EXPECT_DOUBLE_EQ(s.p90_ns, 4 + 0.6 * 6);   // position 0.9 * 4 = 3.6
  EXPECT_DOUBLE_EQ(s.p99_ns, 4 + 0.96 * 6);  // position 3.96
  EXPECT_DOUBLE_EQ(s.mad_ns, 1);             // deviations 2, 1, 0, 1, 7
  EXPECT_DOUBLE_EQ(s.iqr_ns, 2);             // 4 - 2
}

TEST(Summarize, AveragesTheTwoMiddleSamplesOfAnEvenCount) {
  EXPECT_DOUBLE_EQ(bench::summarize(std::vector<double>{4, 1, 3, 2}).median_ns, 2.5);
}

TEST(Summarize, GivesZerosForNoSamples) {
  const auto s = bench::summarize({});
  EXPECT_EQ(s.count, 0U);
  EXPECT_EQ(s.median_ns, 0);
}

// Table of ranks (1-based) in Hahn & Meeker, "Statistical Intervals": n = 10: 2 and 9; n = 20: 6 and 15; n =
// 100: 40 and 61.
TEST(MedianInterval, HasThePublishedRanks) {
  const auto expect = [](std::size_t n, std::size_t low, std::size_t high) {
    const auto ranks = bench::median_interval_ranks(n);
    EXPECT_EQ(ranks.low + 1, low) << n;
    EXPECT_EQ(ranks.high + 1, high) << n;
  };
  expect(10, 2, 9);
  expect(20, 6, 15);
  expect(100, 40, 61);
  expect(6, 1, 6);
  expect(5, 1, 5);  // cannot reach 95%: the whole range
  expect(1, 1, 1);
}

TEST(MedianInterval, CoversTheMedianOfTheSamplesItself) {
  std::vector<double> samples(101);
  std::iota(samples.begin(), samples.end(), 0.0);
  const auto s = bench::summarize(samples);
  EXPECT_LT(s.median_low_ns, 50);
  EXPECT_GT(s.median_high_ns, 50);
  EXPECT_DOUBLE_EQ(s.median_high_ns - 50, 50 - s.median_low_ns);
}

TEST(RoundOrder, IsAPermutationThatChangesFromRoundToRound) {
  std::vector<std::vector<std::size_t>> orders;
  for (int round = 0; round < 20; ++round) {
    auto order = bench::round_order(6, round, 1);
    EXPECT_EQ(order, bench::round_order(6, round, 1)) << "the same round twice";
    orders.push_back(order);
    std::sort(order.begin(), order.end());
    EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4, 5));
  }
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
  EXPECT_GT(orders.size(), 15U);
}

struct Trace {
  std::string events;
  bench::Arm arm(const std::string& name) {
    return {name, [this, name] { events += name; }, {}};
  }
};

bench::MeasureOptions rounds(int count) {
  bench::MeasureOptions options;
  options.warmup_runs = 0;
  options.min_rounds = options.max_rounds = count;
  options.min_time_s = 0;
  return options;
}

TEST(Measure, RunsEveryArmOnceInEachRound) {
  Trace trace;
  const auto results = bench::measure({trace.arm("a"), trace.arm("b"), trace.arm("c")}, rounds(8));
  ASSERT_EQ(trace.events.size(), 24U);
  for (std::size_t round = 0; round < 8; ++round) {
    auto events = trace.events.substr(3 * round, 3);
    std::sort(events.begin(), events.end());
    EXPECT_EQ(events, "abc") << "round " << round;
  }
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[1].name, "b");
  for (const auto& result : results) {
    EXPECT_EQ(result.samples_ns.size(), 8U) << "every sample is kept";
    EXPECT_EQ(result.summary.count, 8U);
    EXPECT_EQ(result.summary.left_out, 0U);
  }
}

TEST(Measure, WarmsUpAndSettlesOutsideTheSamples) {
  Trace trace;
  auto options = rounds(3);
  options.warmup_runs = 2;
  options.settle_runs = 1;
  options.runs_per_round = 2;
  const auto results = bench::measure({trace.arm("a")}, options);
  EXPECT_EQ(trace.events.size(), 2U + 3U * (1 + 2));
  EXPECT_EQ(results[0].samples_ns.size(), 6U);
}

TEST(Measure, PreparesBeforeEveryRunAndDoesNotTimeIt) {
  std::string events;
  bench::Arm arm{"a", [&] { events += "r"; }, [&] { events += "p"; }};
  auto options = rounds(2);
  options.warmup_runs = 1;
  bench::measure({arm}, options);
  EXPECT_EQ(events, "prprpr");
}

TEST(Measure, StopsWhenTheCallerSaysSo) {
  Trace trace;
  auto options = rounds(100);
  options.keep_going = [](int done) { return done < 5; };
  EXPECT_EQ(bench::measure({trace.arm("a")}, options)[0].samples_ns.size(), 5U);
}

TEST(Measure, CompletesOneRoundEvenWithoutTime) {
  Trace trace;
  auto options = rounds(100);
  options.max_time_s = 0;
  for (const auto& result : bench::measure({trace.arm("a"), trace.arm("b")}, options)) {
    EXPECT_EQ(result.samples_ns.size(), 1U);
  }
}

TEST(Measure, LeavesOutNothingButDisturbedSamplesAndCountsThem) {
  Trace trace;
  auto options = rounds(50);
  options.repeat_disturbed = true;
  const auto result = bench::measure({trace.arm("a")}, options)[0];
  EXPECT_GE(result.samples_ns.size(), 50U);
  EXPECT_EQ(result.summary.left_out, result.left_out_ns.size());
  EXPECT_EQ(result.samples_ns.size() + result.left_out_ns.size(), trace.events.size());
  EXPECT_LE(result.left_out_ns.size(), result.disturbed_samples);
}

TEST(Measure, PassesAnArmsExceptionOn) {
  bench::Arm arm{"a", [] { throw std::runtime_error("broken"); }, {}};
  EXPECT_THROW(bench::measure({arm}, rounds(1)), std::runtime_error);
}

}  // namespace
}  // namespace dsx
