// The machine's limits over processes, of which what each measured is made up.
#include "study/explain/limits.hpp"

#include <gmock/gmock.h>

#include "bench/machine/roofline.hpp"

namespace dsx {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const explain::Limits::Narrow kNarrow{6, 1e6};

// `number` orders the processes; rates in 1e9 per second, of the reading behind the steps; before them a
// third less.
explain::Recording process(int number, double product, double memory) {
  explain::Recording recording;
  recording.start_s = number;
  for (const bool behind : {false, true}) {
    explain::RecordedSet set;
    const auto add = [&](const std::string& limit, double rate) {
      set.push_back({(behind ? "limits behind/" : "limits before/") + limit,
                     {1e9 / (behind ? rate : rate * 2 / 3)},
                     0,
                     0,
                     {}});
    };
    add("f32 loop in registers", 1.1 * product);
    add("f32 matrix product", product);
    add("L1 read", 500);
    add("L1 write", 400);
    add("memory read", memory);
    add("memory write", memory / 2);
    if (behind) add("read by 6 floats, 1.00 MB", memory / 4);
    recording.sets.push_back(std::move(set));
  }
  return recording;
}

struct Measured {
  explain::ExplainContext context;
  explain::ExperimentReport report;
  explain::Limits limits;
  explicit Measured(std::vector<explain::Recording> processes)
      : context(context_with(std::move(processes))), limits(context, report) {
    limits.measure_behind({kNarrow});
    limits.add_to_report();
  }
  static explain::ExplainContext context_with(std::vector<explain::Recording> processes) {
    explain::ExplainContext context;
    context.options.threads = 2;
    context.topology.caches = {{1, 32 << 10, 64, 1, 1}};
    context.processes = std::move(processes);
    return context;
  }
};

TEST(Limits, AreTheBestOfAProcessAndOfArithmeticTheBestOfAll) {
  const Measured measured({process(0, 220, 40), process(1, 110, 30), process(2, 219, 41)});
  ASSERT_EQ(measured.limits.times().processes(), 3U);
  const auto& second = measured.limits.times().of_process(1);
  const auto machine = measured.limits.machine(second);
  EXPECT_NEAR(bench::find_peak(machine, 2, "f32")->gemm_gflops.best, 220, 1e-9);
  EXPECT_NEAR(bench::find_bandwidth(machine, 2, "memory")->read_gbps.best, 30, 1e-9);
  EXPECT_NEAR(bench::find_bandwidth(machine, 2, "memory")->write_gbps.best, 15, 1e-9);
  EXPECT_NEAR(measured.limits.narrow_gbps(second, kNarrow), 7.5, 1e-9);
  EXPECT_EQ(measured.limits.narrow_gbps(second, {7, 1e6}), 0) << "not measured";
  const auto typical = measured.limits.machine(measured.limits.typical());
  EXPECT_NEAR(bench::find_bandwidth(typical, 2, "memory")->read_gbps.best, 40, 1e-9);
}

TEST(Limits, SayInOneLineWhenProcessesDisagree) {
  const Measured apart({process(0, 220, 40), process(1, 110, 41), process(2, 219, 40)});
  EXPECT_THAT(apart.report.notes,
              Contains(HasSubstr("limits differ by more than 15% between processes: f32 loop in "
                                 "registers 121.0 to 242.0 GFLOP/s, f32 matrix product 110.0 to "
                                 "220.0 GFLOP/s. Of arithmetic")));
  const Measured alike({process(0, 220, 40), process(1, 215, 41), process(2, 219, 40)});
  EXPECT_THAT(alike.report.notes, Not(Contains(HasSubstr("limits differ"))));
  const Measured one({process(0, 220, 40)});
  EXPECT_THAT(one.report.notes, Not(Contains(HasSubstr("limits differ"))));
}

TEST(Limits, AreFindingsWithAnInterval) {
  const Measured measured({process(0, 220, 40), process(1, 215, 41), process(2, 219, 42)});
  for (const auto& [id, value] :
       {std::pair{"prediction/limits/arithmetic", 219.0}, {"prediction/limits/memory", 41.0}}) {
    const auto* finding = explain::find_finding(measured.report, id);
    ASSERT_NE(finding, nullptr) << id;
    EXPECT_NEAR(finding->interval.value, value, 1e-9);
    EXPECT_LT(finding->interval.low, value);
    EXPECT_GT(finding->interval.high, value);
  }
  const Measured one({process(0, 220, 40)});
  const auto& memory = explain::find_finding(one.report, "prediction/limits/memory")->interval;
  EXPECT_NEAR(memory.value, 40, 1e-9);
  EXPECT_NEAR(memory.low, 40 * 2.0 / 3, 1e-9) << "its two readings";
  EXPECT_NEAR(memory.high, 40, 1e-9);
  const auto* table = explain::find_table(measured.report, "limits");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->rows.size(), 7U) << "arithmetic twice, L1 and memory twice each, narrow reads";
  EXPECT_EQ(measured.report.spread, "") << "limits have a sentence of their own";
}

}  // namespace
}  // namespace dsx
