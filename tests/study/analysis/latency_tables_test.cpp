// Latency's tables on samples that are made up.
#include "study/analysis/latency_tables.hpp"

#include <gmock/gmock.h>

#include "bench/measure/measure.hpp"
#include "study/analysis/analysis.hpp"
#include "study/findings/verdicts.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

constexpr int kSamples = 100;

// Repeat r of a variant is 1% slower than the one before; samples are `ms` times 1, 1.001, ..., 1.099.
analysis::LatencySet set_of(const std::string& variant, const std::string& load, int repeat, double ms) {
  analysis::LatencySet set{variant, "active", load, 32,
                           repeat,  {},       2,    load == "none" ? 0.0 : statistics::kNotEstimable};
  for (int i = 0; i < kSamples; ++i) set.ms.push_back(ms * (1 + 0.01 * (repeat - 1)) * (1 + 0.001 * i));
  return set;
}

struct Timed {
  std::vector<analysis::Cell> cells = planted_cells(Planted{});
  analysis::Comparison comparison = analysis::make_comparison(cells, {});
  analysis::Analysis analysis{comparison};
  analysis::LatencyRun run;
  Timed() {
    for (int repeat = 1; repeat <= analysis::kLatencyRepeats; ++repeat) {
      // The ratio wobbles by a thousandth from repeat to repeat.
      const double wobble = repeat % 2 == 0 ? 1.001 : 1;
      run.sets.push_back(set_of("avgpool", "none", repeat, 10));
      run.sets.push_back(set_of("maxpool", "none", repeat, 20 * wobble));
      run.sets.push_back(set_of("avgpool", "memory", repeat, 15));
      run.sets.push_back(set_of("maxpool", "memory", repeat, 60));
    }
    run.threads = 2;
  }
  void make() {
    analysis::add_latency_tables(analysis, run);
    findings::add_verdicts(analysis);
  }
  std::size_t row(const analysis::ResultTable& table, const std::string& variant,
                  const std::string& load) const {
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      if (table.text(r, "variant") == variant && table.text(r, "load") == load) return r;
    throw std::logic_error("no such row");
  }
};

TEST(LatencyTables, MedianAndItsIntervalAreTheMeasuringLibrarysOwn) {
  Timed timed;
  timed.make();
  std::vector<double> all;
  for (const analysis::LatencySet& set : timed.run.sets)
    if (set.variant == "avgpool" && set.load == "none") all.insert(all.end(), set.ms.begin(), set.ms.end());
  const bench::Summary summary = bench::summarize(all);
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  const std::size_t row = timed.row(table, "avgpool", "none");
  EXPECT_DOUBLE_EQ(table.number(row, "median_ms"), summary.median_ns);
  EXPECT_DOUBLE_EQ(table.number(row, "median_low_ms"), summary.median_low_ns);
  EXPECT_DOUBLE_EQ(table.number(row, "median_high_ms"), summary.median_high_ns);
  EXPECT_DOUBLE_EQ(table.number(row, "p90_ms"), summary.p90_ns);
  EXPECT_LT(table.number(row, "p99_low_ms"), table.number(row, "p99_ms"));
  EXPECT_EQ(table.number(row, "samples"), analysis::kLatencyRepeats * kSamples);
  EXPECT_EQ(table.number(row, "disturbed"), analysis::kLatencyRepeats * 2);
  EXPECT_EQ(table.number(row, "busy"), 0);
}

TEST(LatencyTables, SayHowManyInputsWereSkipped) {
  Timed without, with;
  without.make();
  EXPECT_THAT(without.analysis.results.notes, testing::Not(testing::Contains(testing::HasSubstr("skips"))));
  for (analysis::LatencySet& set : with.run.sets)
    set.zeros = {{"fc1", set.variant == "avgpool" ? 0.25 : 0.5}};
  with.make();
  EXPECT_THAT(with.analysis.results.notes,
              testing::Contains(testing::HasSubstr("fc1 skips the inputs that a ReLU made 0, here 25% for "
                                                   "avgpool, 50% for maxpool")));
}

TEST(LatencyTables, TooFewSamplesHaveNoEndForTheirTail) {
  Timed timed;
  for (analysis::LatencySet& set : timed.run.sets) set.ms.resize(10);
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  const std::size_t row = timed.row(table, "avgpool", "none");
  EXPECT_TRUE(std::isnan(table.number(row, "p99_high_ms")));  // 50 samples: .99^50 > .025
  EXPECT_TRUE(std::isfinite(table.number(row, "median_high_ms")));
}

TEST(LatencyTables, RatiosAndSlowdownsComeFromTheRepeats) {
  Timed timed;
  timed.make();
  const analysis::ResultTable& load = timed.analysis.results.table("latency_load");
  EXPECT_NEAR(load.number(timed.row(load, "maxpool", "memory"), "value"), 3, 0.01);
  const analysis::ResultTable& ratio = timed.analysis.results.table("latency_ratio");
  ASSERT_EQ(ratio.text(0, "variant_a"), "maxpool");
  ASSERT_EQ(ratio.text(0, "load"), "memory");
  // No repeat differs, so there is no interval to give.
  EXPECT_FALSE(ratio.text(0, "not_estimable").empty());
  EXPECT_NEAR(ratio.number(1, "value"), 2, 0.002);
  EXPECT_LT(ratio.number(1, "high"), 2.01);
  EXPECT_GT(ratio.number(1, "low"), 1.99);
  const analysis::ResultTable& stability = timed.analysis.results.table("latency_stability");
  const std::size_t row = timed.row(stability, "avgpool", "none");
  EXPECT_NEAR(stability.number(row, "between_percent"), 100 * 0.01 * std::sqrt(2.5) / 1.02, 1e-9);
  const analysis::ResultTable& verdicts = timed.analysis.results.table("verdicts");
  bool found = false;
  for (std::size_t r = 0; r < verdicts.rows.size(); ++r)
    found |= verdicts.text(r, "sentence")
                 .starts_with(
                     "maxpool is slower than avgpool per batch of 32 (spinning) by a "
                     "factor of 2.00 (2.00 to 2.00), p < .001");
  EXPECT_TRUE(found);
}

TEST(LatencyTables, ABusyMachineIsSaidSo) {
  Timed timed;
  timed.run.sets.front().neighbours = 0.4;
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("latency");
  EXPECT_EQ(table.number(timed.row(table, "avgpool", "none"), "busy"), 1);
  EXPECT_THAT(timed.analysis.results.notes.back(), ::testing::HasSubstr("THE MACHINE WAS BUSY"));
}

TEST(LatencyTables, SetWorkBesideTimeForEveryOperatorSizeAndEngine) {
  EXPECT_EQ(analysis::latency_grid_sizes(320), (std::vector<int>{80, 160, 240, 320}));
  EXPECT_EQ(analysis::latency_grid_sizes(64), (std::vector<int>{32, 48, 64}));
  EXPECT_EQ(analysis::latency_grid_sizes(16), (std::vector<int>{16}));
  Timed timed;
  timed.run.grid = {{"strided", "fused", 64, 32, 5, 1, 0.9, 1.1, 10},
                    {"avgpool", "primitives", 64, 32, 20, 4, 3, 5, 9}};
  timed.run.grid_neighbours = 0.5;
  timed.make();
  const analysis::ResultTable& table = timed.analysis.results.table("flops_latency");
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.text(0, "variant"), "avgpool") << "in order, not as they were measured";
  EXPECT_EQ(table.number(0, "mflop"), 20);
  EXPECT_EQ(table.number(0, "median_ms"), 4);
  EXPECT_EQ(table.number(1, "busy"), 1) << "others used half of the CPUs";
}

}  // namespace
}  // namespace dsx
