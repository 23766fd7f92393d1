// Every experiment that goes over processes takes all its sets from what they told, and what it then says is
// over processes: its sentences, its tables and its words in the account.
#include "study/explain/recorded_times.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "bench/measure/topology.hpp"
#include "study/commands/explain_context.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/process_runs.hpp"

namespace dsx {
namespace {

using explain::Verdict;

explain::ExplainContext small_context(bool whole_network) {
  explain::ExplainContext context;
  context.options.size = 64;
  context.options.batch = context.options.threads = 2;
  context.whole_network = whole_network;
  context.geometries = whole_network ? commands::study_blocks(1, 64)
                                     : bench::parse_geometries("mine src=3x24x24 conv=8,k3,p1", "test");
  context.topology = bench::read_topology();
  context.progress = [](const std::string&) {};
  return context;
}

explain::Recording recorded(const explain::Experiment& experiment, bool whole_network) {
  auto context = small_context(whole_network);
  return explain::record_experiment(context, experiment, 0.001, 0.001);
}

explain::ExperimentReport report_of(const explain::Experiment& experiment,
                                    std::vector<explain::Recording> processes, bool whole_network) {
  auto context = small_context(whole_network);
  context.processes = std::move(processes);
  explain::ExperimentReport report;
  experiment.run(context, report);
  return report;
}

const explain::Experiment& row(const std::string& name) {
  return *std::ranges::find(explain::experiment_table(), name, &explain::Experiment::name);
}

TEST(RecordedTimes, EveryExperimentTakesAllItsSetsFromItsProcesses) {
  std::set<std::string> over_processes;
  for (const auto& experiment : explain::experiment_table()) {
    for (const bool whole_network : {false, true}) {
      if (!experiment.one_process.empty()) continue;
      const auto process = recorded(experiment, whole_network);
      if (process.sets.empty()) continue;  // not with these shapes, or not on this CPU
      over_processes.insert(experiment.name);
      std::size_t samples = 0;
      for (const auto& set : process.sets)
        for (const auto& arm : set) samples += arm.samples_ns.size() + arm.left_out;
      const auto report = report_of(experiment, {process, process, process}, whole_network);
      EXPECT_EQ(report.processes, 3U) << experiment.name;
      if (experiment.here.empty())
        EXPECT_EQ(report.sample_count, 3 * samples) << experiment.name << ": what is more was timed here";
      else
        EXPECT_GT(report.sample_count, 3 * samples) << experiment.name;
      EXPECT_FALSE(report.tables.empty()) << experiment.name;
    }
  }
  EXPECT_GE(over_processes.size(), 10U) << "all but those without a kernel of ours for this CPU";
}

// Six processes of one that was recorded, whose arms differ by some percent, each in its own way.
std::vector<explain::Recording> six_of(const explain::Recording& recorded) {
  std::vector<explain::Recording> processes(6, recorded);
  for (std::size_t p = 0; p < processes.size(); ++p) {
    processes[p].start_s = static_cast<double>(p);
    std::size_t arm_number = 0;
    for (auto& set : processes[p].sets)
      for (auto& arm : set)
        for (double& ns : arm.samples_ns)
          ns *= 1 + 0.01 * static_cast<double>((p * 7 + ++arm_number * 3) % 11);
  }
  return processes;
}

TEST(RecordedTimes, EveryNumberHasAnIntervalOverProcesses) {
  for (const char* name : {"whole", "data_dependence", "prediction", "original"}) {
    const auto& experiment = row(name);
    const auto report = report_of(experiment, six_of(recorded(experiment, true)), true);
    ASSERT_FALSE(report.findings.empty()) << name;
    for (const auto& finding : report.findings) {
      const auto& interval = finding.interval;
      EXPECT_LT(interval.low, interval.high) << finding.id << ": " << finding.text;
      EXPECT_LE(interval.low, interval.value) << finding.id;
      EXPECT_LE(interval.value, interval.high) << finding.id;
    }
  }
}

// One process in six whose arithmetic reads half: as of a team that shared a CPU all the while.
TEST(RecordedTimes, APredictionIsNotTwiceAsLongForOneBadReadingOfALimit) {
  const auto& prediction = row("prediction");
  auto processes = six_of(recorded(prediction, true));
  const auto ratio_of = [&] {
    const auto report = report_of(prediction, processes, true);
    const auto* finding = explain::find_finding(report, "prediction/maxpool");
    EXPECT_NE(finding, nullptr);
    return finding == nullptr ? explain::Interval{} : finding->interval;
  };
  const auto before = ratio_of();
  for (auto& set : processes[2].sets)
    for (auto& arm : set)
      if (arm.name.starts_with("limits ") && arm.name.find("f32") != std::string::npos)
        for (double& ns : arm.samples_ns) ns *= 2;
  const auto after = ratio_of();
  EXPECT_NEAR(after.value, before.value, 0.05 * before.value);
  EXPECT_NEAR(after.low, before.low, 0.05 * before.low);
  const auto report = report_of(prediction, processes, true);
  std::string notes;
  for (const auto& note : report.notes) notes += note;
  EXPECT_NE(notes.find("limits differ by more than 15% between processes: f32"), std::string::npos) << notes;
}

// The operator takes 1 ms of which `near_ms` stay in a near cache, in processes that differ in nothing else.
explain::Recording strips_process(explain::Recording process, double near_ms) {
  for (auto& arm : process.sets.at(0)) {
    const bool is_far = arm.name.find("all images") != std::string::npos;
    const bool is_both = arm.name.ends_with("both");
    const double ms = 1 + (!is_both ? 0 : is_far ? 1 : near_ms);
    std::ranges::fill(arm.samples_ns, 1e6 * ms);
  }
  return process;
}

TEST(RecordedTimes, AVoteInTheAccountIsOverProcesses) {
  const auto& strips = row("strips");
  const auto process = recorded(strips, false);
  const auto verdict_of = [&](const std::vector<double>& near_ms) {
    std::vector<explain::Recording> processes;
    for (const double ms : near_ms) processes.push_back(strips_process(process, ms));
    return strips.evidence(report_of(strips, processes, false)).at(0).verdict();
  };
  const std::vector<double> traffic(6, 0.1), none(6, 0.9), either{0.1, 0.9, 0.1, 0.9, 0.1, 0.9};
  EXPECT_EQ(verdict_of(traffic), Verdict::supports);
  EXPECT_EQ(verdict_of(none), Verdict::excludes);
  EXPECT_EQ(verdict_of(either), Verdict::cannot_tell) << "each process alone would be sure";
}

TEST(RecordedTimes, ASetIsFoundByItsArmsWhateverElseAProcessTold) {
  explain::ExplainContext context;
  const auto set = [](const std::string& name, double ns) {
    return explain::RecordedSet{{name, std::vector<double>(9, ns), 0, 0, {}}};
  };
  context.processes = {{0, {set("a", 1), set("b", 2)}, {}, 0}, {1, {set("b", 2)}, {}, 0}};
  explain::ExperimentReport report;
  const auto here = [&] { return set("c", 3); };
  EXPECT_EQ(explain::recorded_times(context, report, {"b"}, here).processes(), 2U);
  EXPECT_EQ(explain::recorded_times(context, report, {"a"}, here).processes(), 1U);
  EXPECT_EQ(explain::recorded_times(context, report, {"c"}, here).time_ns(0).value, 3);
  EXPECT_EQ(report.processes, 2U);
  EXPECT_EQ(report.sample_count, 9U * 4);
  explain::Recording recording;
  context.recording = &recording;
  explain::recorded_times(context, report, {"c"}, here);
  ASSERT_EQ(recording.sets.size(), 1U) << "what was timed here is told";
  context.budget.begin(0);
  EXPECT_TRUE(context.has_time_for("d", report)) << "a process tells all sets, however short";
}

}  // namespace
}  // namespace dsx
