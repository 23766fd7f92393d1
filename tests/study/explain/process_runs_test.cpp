// Experiments over fresh processes: who starts them and when is planned here, what they measured is made up.
#include "study/explain/process_runs.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"

namespace dsx {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double kPartMs = 2;

// Two arms, and what one takes more than the other. Timed here, neither takes a microsecond.
void run_pair(explain::ExplainContext& context, explain::ExperimentReport& report) {
  explain::ArmSet arms(context, report, 0.001);
  const auto a = arms.add("a", [] {}), b = arms.add("b", [] {});
  arms.run();
  report.findings.push_back(
      {"pair/difference", "", "ms", explain::scaled(arms.difference_ns(a, b), 1e-6), true});
  report.findings.push_back({"pair/a", "", "ms", explain::scaled(arms.time_ns(a), 1e-6), true});
}
void run_other(explain::ExplainContext&, explain::ExperimentReport&) {}

// Both arms of process `number` are so much slower as its place says; a takes kPartMs more, whatever the
// process.
explain::Recording planted(int number) {
  explain::Recording recording;
  recording.start_s = number;
  recording.neighbours_share = 0.01;
  explain::RecordedArm a{"a", {}, 0, 1, {}}, b{"b", {}, 0, 0, {}};
  for (int i = 0; i < 9; ++i) {
    const double ms = 10 + (number % 2 == 0 ? 0 : 5) + 0.001 * i;
    b.samples_ns.push_back(1e6 * ms);
    a.samples_ns.push_back(1e6 * (ms + kPartMs + 0.0001 * number));
  }
  recording.sets = {{a, b}};
  bench::MemoryReading memory;
  memory.l3_ns = 20;
  memory.memory_ns = number == 3 ? 300 : 100;
  recording.memory = {memory};
  return recording;
}

struct Runs {
  explain::ExplainContext context;
  std::vector<explain::Experiment> table{
      {.name = "other", .question = "", .run = run_other, .usual_s = 1, .least_s = 1},
      {.name = "pair", .question = "", .run = run_pair, .usual_s = 10, .least_s = 1, .over_processes = true}};
  std::vector<std::string> order;
  int started = 0, failing_from = 1000;
  Runs() {
    context.progress = [this](const std::string& what) { order.push_back(what.substr(0, what.find(':'))); };
    context.run_process = [this](const std::string&, double, double) {
      if (started >= failing_from) throw UnsupportedError("no more of them");
      return planted(started++);
    };
  }
  explain::ExperimentReport pair() {
    const auto reports = explain::run_experiments(context, table, "study explain");
    EXPECT_EQ(reports.front().name, "other") << "in the table's order";
    return reports.back();
  }
};

TEST(ProcessRuns, AProcessIsTheUnitAndADifferenceIsTakenWithin) {
  Runs runs;
  const auto report = runs.pair();
  EXPECT_EQ(runs.started, explain::ProcessRuns::kMost);
  EXPECT_EQ(report.processes, 10U);
  EXPECT_EQ(report.sample_count, 2U * 9 * 10);
  EXPECT_EQ(report.disturbed_samples, 10U);
  EXPECT_NEAR(report.neighbours_share, 0.01, 1e-9);
  const auto& difference = report.findings[0].interval;
  EXPECT_NEAR(difference.value, kPartMs, 1e-3) << "that processes differ is in both arms";
  EXPECT_LT(difference.high - difference.low, 0.002);
  const auto& whole = report.findings[1].interval;
  EXPECT_LT(whole.low, 13) << "of both kinds of processes";
  EXPECT_GT(whole.high, 16);
  EXPECT_THAT(report.spread, HasSubstr("most of the spread is between processes"));
  EXPECT_THAT(explain::to_text(report), HasSubstr("180 samples of 10 processes"));
  EXPECT_THAT(report.notes, Contains(HasSubstr("1.7 times slower than in its fastest quarter")))
      << "the root of 3: the geometric mean of L3 and memory";
}

TEST(ProcessRuns, AreSpreadBetweenTheOtherExperiments) {
  Runs runs;
  runs.pair();
  const auto other = std::find(runs.order.begin(), runs.order.end(), "other");
  ASSERT_NE(other, runs.order.end());
  EXPECT_GE(std::count(runs.order.begin(), other, "pair"), 4);
  EXPECT_GE(std::count(other, runs.order.end(), "pair"), 4);
}

TEST(ProcessRuns, GoOnWithFewerAndSaySo) {
  Runs runs;
  runs.failing_from = 6;
  const auto report = runs.pair();
  EXPECT_EQ(report.processes, 6U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("4 of 10 processes did not run: no more of them")));
}

TEST(ProcessRuns, EndWhenThereIsNothingToTime) {
  Runs runs;
  runs.context.run_process = [&](const std::string&, double, double) {
    ++runs.started;
    return explain::Recording{};
  };
  runs.table[1].run = [](explain::ExplainContext&, explain::ExperimentReport& report) {
    report.not_available = "not with these shapes";
  };
  const auto report = runs.pair();
  EXPECT_EQ(runs.started, 1);
  EXPECT_EQ(report.not_available, "not with these shapes");
}

TEST(ProcessRuns, WithoutThemAnExperimentIsTimedHere) {
  Runs failing, none, little;
  failing.failing_from = 0;
  none.context.run_process = nullptr;
  little.context.budget = explain::Budget(0.5);  // its least is 0.05 s, and a second for each process
  for (Runs* runs : {&failing, &none, &little}) {
    const auto report = runs->pair();
    EXPECT_EQ(report.processes, 1U);
    EXPECT_GT(report.sample_count, 0U);
    EXPECT_LT(report.findings[1].interval.value, 1);
    EXPECT_EQ(runs->started, 0);
  }
}

TEST(ProcessRuns, AProcessRecordsItsSetsAndTellsThem) {
  explain::ExplainContext context;
  const explain::Experiment pair{.name = "pair", .question = "", .run = run_pair};
  const auto recorded = explain::record_experiment(context, pair, 0.001, 1);
  const auto told = explain::recording_of(explain::recording_text(recorded));
  ASSERT_EQ(told.sets.size(), 1U);
  ASSERT_EQ(told.sets[0].size(), 2U);
  EXPECT_EQ(told.sets[0][1].name, "b");
  EXPECT_EQ(told.sets[0][1].samples_ns, recorded.sets[0][1].samples_ns);
  EXPECT_GE(told.sets[0][1].samples_ns.size(), 6U);
  EXPECT_EQ(told.memory.size(), 2U);
  EXPECT_EQ(told.start_s, recorded.start_s);
  EXPECT_THROW(explain::recording_of("nothing"), DataError);
}

}  // namespace
}  // namespace dsx
