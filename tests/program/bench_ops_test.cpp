// bench_ops as a user runs it: its JSON, its skipped arms, its own shapes, its refusals.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernels/downsample/downsample.hpp"
#include "tests/program/run_program.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BenchOps : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    std::ofstream(folder_ / "mine.txt") << "mine src=3x20x20 conv=4,k3,p1 own=max,k3,s2,p1\n";
  }
  Finished bench(std::vector<std::string> args) const {
    args.insert(args.end(), {"--shapes=mine.txt", "--batch=2", "--threads=1", "--benchmark_min_time=0.0001"});
    return run("bench_ops", args);
  }
};

TEST_F(BenchOps, WritesJsonThatCarriesEveryCounterAndTheMachine) {
  const auto finished = bench({"--benchmark_format=json", "--engine=primitives",
                               "--benchmark_filter=^mine.*unit:block.*direction:inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = nlohmann::json::parse(finished.out);
  for (const char* key :
       {"cpu_model", "onednn_version", "commit", "peak_gflops_f32_1_threads", "cache_flush"}) {
    EXPECT_TRUE(json["context"].contains(key)) << key;
  }
  EXPECT_EQ(json["benchmarks"].size(), downsample::downsample_table().size() + 2)
      << "none, the table's, and the shape's own";
  for (const auto& row : json["benchmarks"]) {
    for (const char* key :
         {"GFLOP/s", "min_GB/s", "MFLOP", "min_MB", "roofline_share", "real_time", "cpu_time"}) {
      EXPECT_TRUE(row.contains(key)) << row["name"] << key;
    }
    EXPECT_THAT(row["label"].get<std::string>(), HasSubstr("reorder"));
    EXPECT_EQ(row["run_type"], "iteration");
  }
}

TEST_F(BenchOps, CountsWhenAskedAndSaysInTheHeadWhatItCannotCount) {
  const std::vector<std::string> names{"cycles",       "instructions",         "l1d_read_misses",
                                       "l2_misses",    "llc_read_misses",      "dtlb_read_misses",
                                       "minor_faults", "involuntary_switches", "cpu_migrations"};
  const auto finished = bench({"--benchmark_format=json", "--no-roofline", "--counters",
                               "--benchmark_filter=^mine.*op:maxpool/unit:op.*inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = nlohmann::json::parse(finished.out);
  const auto& row = json["benchmarks"][0];
  for (const auto& name : names) {
    const auto said = json["context"]["counter_" + name].get<std::string>();
    const bool missing = said.rfind("not available: ", 0) == 0;
    EXPECT_EQ(row.contains(name), !missing) << name << ": " << said;
    EXPECT_GT(said.size(), 8U) << "a source or a reason";
  }
  EXPECT_GT(row["task_clock_us"].get<double>(), 0);
}

TEST_F(BenchOps, TellsHowManyRunsWereDisturbed) {
  const auto finished = bench({"--benchmark_format=json", "--no-roofline",
                               "--benchmark_filter=^mine.*op:maxpool/unit:op.*inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto row = nlohmann::json::parse(finished.out)["benchmarks"][0];
  EXPECT_GE(row["disturbed"].get<double>(), row["left_out"].get<double>());
  const bool busy = row["label"].get<std::string>().find("DISTURBED") != std::string::npos;
  if (busy) {
    EXPECT_EQ(row["left_out"].get<double>(), 0) << "all are kept, and the label says so";
  }
  EXPECT_FALSE(row.contains("cycles")) << "nobody asked for counters";
}

TEST_F(BenchOps, SaysWhyAnArmIsSkipped) {
  const auto finished =
      bench({"--benchmark_format=json", "--no-roofline", "--benchmark_filter=op:strided/unit:op.*inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto row = nlohmann::json::parse(finished.out)["benchmarks"][0];
  EXPECT_TRUE(row["error_occurred"].get<bool>());
  EXPECT_THAT(row["error_message"].get<std::string>(), HasSubstr("the convolution does it"));
}

TEST_F(BenchOps, ShowsTheFusedArmBesideThePrimitives) {
  const auto finished = bench({"--benchmark_format=json", "--no-roofline", "--op=maxpool,blurpool",
                               "--benchmark_filter=^mine.*unit:block.*direction:inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = nlohmann::json::parse(finished.out);
  int fused = 0;
  for (const auto& row : json["benchmarks"]) {
    if (row["name"].get<std::string>().find("engine:fused") == std::string::npos) continue;
    ++fused;
    // The shape is too narrow, the blur has no kernel: both say so.
    ASSERT_TRUE(row.contains("error_message")) << row["name"];
    EXPECT_THAT(row["error_message"].get<std::string>(), HasSubstr("fused engine has no kernel"));
  }
  EXPECT_EQ(fused, 2);
}

TEST_F(BenchOps, RunsEveryDirectionAndCacheStateOfAUsersShape) {
  const auto finished =
      bench({"--benchmark_format=json", "--no-roofline", "--cache=all", "--layout=all", "--engine=primitives",
             "--unit=block", "--op=maxpool,own_max_k3s2p1", "--benchmark_filter=^mine"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto rows = nlohmann::json::parse(finished.out)["benchmarks"];
  EXPECT_EQ(rows.size(), 2U * 4 * 4 * 5);
  int timed = 0;
  for (const auto& row : rows) timed += row.contains("error_occurred") ? 0 : 1;
  EXPECT_GT(timed, 100);
}

TEST_F(BenchOps, RepeatsAndInterleavesAsGoogleBenchmarkDoes) {
  const auto finished =
      bench({"--benchmark_format=json", "--no-roofline", "--benchmark_repetitions=3",
             "--benchmark_enable_random_interleaving=true", "--benchmark_filter=^mine.*unit:op.*inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  int medians = 0;
  const auto rows = nlohmann::json::parse(finished.out)["benchmarks"];
  for (const auto& row : rows) {
    if (row.value("aggregate_name", "") == "median") ++medians;
  }
  const auto& table = downsample::downsample_table();
  const auto steps =
      std::count_if(table.begin(), table.end(), [](const auto& op) { return !op.acts_in_convolution(); });
  EXPECT_EQ(medians, steps + 1) << "those with a step of their own, and the shape's";
}

TEST_F(BenchOps, TimesEveryArmInFreshProcesses) {
  const auto finished = bench({"--benchmark_format=json", "--processes=3",
                               "--benchmark_filter=^mine.*op:(max|avg)pool/unit:op.*inference"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = nlohmann::json::parse(finished.out);
  EXPECT_EQ(json["context"]["processes"], "3");
  EXPECT_TRUE(json["context"].contains("memory_course"));
  int processes = 0, intervals = 0;
  for (const auto& row : json["benchmarks"]) {
    if (row["run_type"] == "iteration") {
      ++processes;
      for (const char* key :
           {"start_s", "samples", "memory_ns", "read_GB/s", "memory_slowdown", "unlike_memory_share",
            "within_percent", "between_percent", "over_time_percent", "min_GB/s"})
        EXPECT_TRUE(row.contains(key)) << key;
    }
    for (const char* name : {"interval_low", "interval_high", "next_low", "next_high"})
      intervals += row.value("aggregate_name", "") == name;
  }
  EXPECT_EQ(processes, 2 * 3) << "two operators";
  EXPECT_EQ(intervals, 2 * 4);
}

TEST_F(BenchOps, RefusesNonsenseInOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--layout=nwhc"}, "--layout: 'nwhc' is not known"},
      {{"--threads=0"}, "--threads: '0' must be"},
      {{"--shapes=nowhere.txt"}, "shapes 'nowhere.txt'"},
      {{"--op=foo"}, "--op: 'foo' is not known"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto finished = run("bench_ops", arguments);
    EXPECT_EQ(finished.code, 2) << message;
    EXPECT_THAT(finished.err, StartsWith("bench_ops: "));
    EXPECT_THAT(finished.err, HasSubstr(message));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1);
    EXPECT_EQ(finished.out, "");
  }
}

TEST_F(BenchOps, RefusesAnUnknownFlag) {
  const auto finished = run("bench_ops", {"--benchmark_fliter=x"});
  EXPECT_NE(finished.code, 0);
  EXPECT_THAT(finished.err, HasSubstr("--benchmark_fliter=x"));
}

TEST_F(BenchOps, HelpNamesItsOwnFlagsAndGoogleBenchmarks) {
  const auto finished = run("bench_ops", {"--help"});
  EXPECT_EQ(finished.code, 0);
  for (const char* word : {"--shapes FILE", "--machine", "--cache LIST", "--benchmark_filter"}) {
    EXPECT_THAT(finished.out, HasSubstr(word));
  }
}

}  // namespace
}  // namespace dsx
