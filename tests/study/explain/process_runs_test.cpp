// Experiments over fresh processes: who starts them and when is planned here, what they measured is made up.
#include "study/explain/process_runs.hpp"

#include <fmt/ranges.h>
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
  double clock_s = 0, takes_s = 0;  // of each process
  std::vector<explain::Experiment> table{
      {.name = "other",
       .question = "",
       .run = run_other,
       .usual_s = 1,
       .least_s = 1,
       .one_process = "made up"},
      {.name = "pair", .question = "", .run = run_pair, .usual_s = 10, .least_s = 1}};
  std::vector<std::string> order;
  int started = 0, failing_from = 1000;
  Runs() {
    context.progress = [this](const std::string& what) { order.push_back(what.substr(0, what.find(':'))); };
    context.run_process = [this](const std::string&, double, double) {
      clock_s += takes_s;
      if (started >= failing_from) throw UnsupportedError("no more of them");
      return planted(started++);
    };
  }
  void limit(double budget_s, double process_s) {
    context.budget = explain::Budget(budget_s, [this] { return clock_s; });
    takes_s = process_s;
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

TEST(ProcessRuns, AreAsManyAsFitIntoTheTimeThatTheyReallyTake) {
  Runs quick, slow, slowest;
  quick.limit(8, 0.1);  // a plan that knows none of them expects six
  slow.limit(20, 2.5);
  slowest.limit(20, 15);
  EXPECT_EQ(quick.pair().processes, 10U);
  const auto fewer = slow.pair();
  EXPECT_THAT(fewer.processes, ::testing::AllOf(::testing::Ge(4U), ::testing::Le(7U)));
  EXPECT_LE(slow.clock_s + slow.takes_s, 20) << "time to build the experiment in the end";
  EXPECT_THAT(fewer.undone, Contains(HasSubstr("more processes")));
  const auto one = slowest.pair();
  EXPECT_EQ(one.processes, 1U);
  EXPECT_EQ(slowest.started, 1) << "and its samples are taken, not timed again";
  EXPECT_EQ(one.sample_count, 2U * 9);
  EXPECT_THAT(one.notes, Contains(HasSubstr("of one process, for lack of time")));
}

TEST(ProcessRuns, TheLowerRankHasMoreOfThem) {
  Runs runs;
  runs.table.push_back(runs.table.back());
  runs.table.back().name = "last";
  runs.table.back().rank = 11;
  runs.limit(20, 1.1);
  const auto reports = explain::run_experiments(runs.context, runs.table, "study explain");
  EXPECT_GT(reports[1].processes, reports[2].processes);
  EXPECT_GE(reports[2].processes, 4U);
}

TEST(ProcessRuns, LeaveTheTimeForWhatIsTimedHereAlone) {
  Runs all, some;
  for (auto* runs : {&all, &some}) runs->limit(20, 1.5);
  auto& row = some.table[1];
  row.here = "the blocks (they take long)";
  constexpr double kSmallestScale = 0.05;  // of a context without shapes
  row.here_usual_s = row.here_least_s = 6 / kSmallestScale;
  row.usual_s += row.here_usual_s;
  row.least_s += row.here_least_s;
  const auto without = all.pair(), with = some.pair();
  EXPECT_LT(with.processes, without.processes);
  EXPECT_GE(with.processes, 4U);
  EXPECT_LE(some.clock_s + 6, 20);
  EXPECT_THAT(with.notes, Contains("of one process: the blocks (they take long)"));
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
    const auto why = runs == &little ? "for lack of time" : runs == &failing ? "no more of them" : "";
    EXPECT_THAT(fmt::format("{}", fmt::join(report.notes, "; ")), HasSubstr(why));
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
