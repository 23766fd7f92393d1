// `study explain` as a user runs it, on shapes of a few kilobytes: every experiment, its files, its
// comparison and its refusals. What it measures is not looked at: only that it is all there.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/program/run_program.hpp"

namespace dsx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StudyExplain : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    std::ofstream(folder_ / "mine.txt") << "mine src=3x24x24 conv=8,k3,p1 own=max,k3,s2,p1\n";
  }
  Finished explain(std::vector<std::string> args) const {
    args.insert(args.begin(), {"explain", "--batch", "2", "--threads", "1", "--seconds", "0.002"});
    return run("study", args);
  }
  nlohmann::json report(const std::string& folder) const {
    return nlohmann::json::parse(slurp(folder_ / folder / "explain.json"));
  }
};

TEST_F(StudyExplain, RunsEveryExperimentOnAUsersShapeAndWritesThreeFiles) {
  const auto finished = explain({"--shapes", "mine.txt", "--variants",
                                 "own_max_k3s2p1,blurpool,slice,strided", "--budget", "3m", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = report("r");
  std::vector<std::string> names;
  for (const auto& e : json["experiments"]) {
    names.push_back(e["name"]);
    if (names.back() == "account") continue;  // of all the others: it measures nothing
    EXPECT_THAT(e["command"].get<std::string>(), HasSubstr("--experiments " + names.back()));
    if (e.contains("not_available")) continue;
    EXPECT_FALSE(e["tables"].empty()) << names.back();
    EXPECT_GT(e["samples"].get<int>(), 0) << names.back();
    for (const auto& finding : e["findings"]) {
      EXPECT_THAT(finished.out, HasSubstr(e["name"].get<std::string>()));
      EXPECT_TRUE(finding["value"].is_number()) << finding["id"];
    }
  }
  EXPECT_THAT(names, ::testing::ElementsAre("account", "whole", "factorial", "dispatch", "working_set",
                                            "hot_cold", "strips", "fused", "algorithm", "data_dependence",
                                            "threads", "parallelism", "prediction", "original"));
  EXPECT_THAT(finished.err, HasSubstr("left: process 1 of 10")) << "the time left is shown";
  EXPECT_THAT(finished.out, HasSubstr("one thread only"));
  EXPECT_TRUE(json["machine"].contains("peaks"));
  EXPECT_EQ(json["settings"]["batch"], "2");
  EXPECT_GT(std::filesystem::file_size(folder_ / "r/explain.h5"), 0U);
  EXPECT_THAT(slurp(folder_ / "r/explain.txt"), HasSubstr("strips"));
}

TEST_F(StudyExplain, TimesExperimentsInFreshProcessesAndVotesByThem) {
  const auto finished = explain({"--size", "64", "--budget", "2m", "--experiments",
                                 "strips,hot_cold,prediction,original,dispatch", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  for (const auto& e : report("r")["experiments"]) {
    const std::string name = e["name"];
    if (name == "account") continue;
    const int processes = e["processes"];
    const auto line = fmt::format("over {} fresh processes", processes);
    EXPECT_GE(processes, 4) << name;
    EXPECT_THAT(e["notes"].dump(), HasSubstr(line)) << name;
    if (name == "dispatch") {
      EXPECT_THAT(e["notes"].dump(), HasSubstr("of one process: the blocks"));
    }
    if (name == "prediction") {
      EXPECT_THAT(e["findings"].dump(), HasSubstr("prediction/limits/arithmetic"));
    }
    EXPECT_THAT(finished.out, HasSubstr(fmt::format(" of {} process", processes))) << name;
  }
  EXPECT_THAT(finished.out, HasSubstr("== account"));
}

TEST_F(StudyExplain, SplitsTheDifferenceOfTheStudysNetworksAndPrintsTheResidual) {
  const auto finished = explain({"--experiments", "factorial", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = report("r");
  ASSERT_EQ(json["experiments"].size(), 2U);
  EXPECT_EQ(json["experiments"][1]["processes"], 10);
  std::map<std::string, double> values;
  for (const auto& finding : json["experiments"][1]["findings"]) values[finding["id"]] = finding["value"];
  const std::string head = "factorial/maxpool-strided/";
  for (const char* name :
       {"block1", "block1/convolution", "block1/traffic", "block1/operator", "block2", "block2/convolution",
        "block2/traffic", "block2/operator", "network", "residual"}) {
    EXPECT_TRUE(values.contains(head + name)) << name;
  }
  EXPECT_THAT(finished.out, HasSubstr("residual"));
}

TEST_F(StudyExplain, ExplainsTheNetworkOfTheUsersSizeEngineAndImages) {
  const auto finished = explain({"--size", "96", "--engine", "fused", "--data", "synthetic", "--variants",
                                 "maxpool,strided", "--experiments", "whole,factorial,strips", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = report("r");
  EXPECT_EQ(json["settings"]["size"], "96");
  EXPECT_EQ(json["settings"]["engine"], "fused");
  EXPECT_EQ(json["settings"]["data"], "synthetic");
  std::string steps;
  for (const auto& table : json["experiments"][1]["tables"])
    if (table["name"] == "steps_maxpool") steps = table["rows"].dump();
  EXPECT_THAT(steps, Not(HasSubstr("pool1"))) << "our kernel pools inside the convolution";
  EXPECT_THAT(json["experiments"][1]["command"].get<std::string>(),
              HasSubstr("--size 96 --engine fused --data synthetic"));
  EXPECT_THAT(json["experiments"][2]["findings"].dump(),
              AllOf(HasSubstr("factorial/maxpool-strided/block1/operator"),
                    HasSubstr("factorial/maxpool-strided/network")));
  EXPECT_THAT(json["experiments"][3]["not_available"].get<std::string>(), HasSubstr("--engine fused"));
  const auto other = explain({"--shapes", "mine.txt", "--size", "32"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("--size"));
}

TEST_F(StudyExplain, KeepsToItsBudgetAndSaysWhatMoreTimeWouldBring) {
  const auto finished = run("study", {"explain", "--variants", "maxpool,avgpool,strided", "--threads", "1",
                                      "--budget", "6s", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const auto json = report("r");
  std::size_t left_out = 0;
  for (const auto& e : json["experiments"])
    left_out += e.value("not_available", "").find("left out for lack of time") != std::string::npos ? 1 : 0;
  EXPECT_GT(left_out, 3U) << "thirteen experiments of 320 x 320 images do not fit into 6 s";
  EXPECT_FALSE(json["experiments"][1].contains("not_available")) << "the first always runs";
  EXPECT_THAT(finished.out, HasSubstr("A longer run would narrow or add:"));
  EXPECT_THAT(json["longer_run"].dump(), HasSubstr("--budget"));
}

TEST_F(StudyExplain, GivesAnAccountOfAnOlderReport) {
  ASSERT_EQ(explain({"--shapes", "mine.txt", "--experiments", "strips", "--variants", "maxpool,strided",
                     "--out", "r"})
                .code,
            0);
  const auto finished = run("study", {"explain", "--account", "r/explain.json"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("== account"));
  EXPECT_THAT(finished.out, HasSubstr("mine maxpool"));
  EXPECT_EQ(run("study", {"explain", "--account", "nowhere.json"}).code, 3);
}

TEST_F(StudyExplain, ComparesReports) {
  for (const char* folder : {"a", "b"})
    ASSERT_EQ(explain({"--shapes", "mine.txt", "--experiments", "factorial", "--out", folder}).code, 0);
  const auto finished = run("study", {"explain", "--compare", "a/explain.json", "b/explain.json"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("factorial/maxpool-strided/mine"));
  EXPECT_THAT(finished.out, HasSubstr("B / A"));
  const auto three =
      run("study", {"explain", "--compare", "a/explain.json", "b/explain.json", "a/explain.json"});
  ASSERT_EQ(three.code, 0) << three.err;
  EXPECT_THAT(three.out, AllOf(HasSubstr("C: a/explain.json"), HasSubstr("most / least")));
  EXPECT_EQ(run("study", {"explain", "--compare", "a/explain.json"}).code, 2);
}

TEST_F(StudyExplain, SaysWhichLibraryHasThePenaltyOfTheOriginal) {
  const auto arm = [](double ms) {
    return nlohmann::json{
        {"name", "torch"},
        {"data_type", "f32"},
        {"time", {{"median_ns", ms * 1e6}, {"median_low_ns", ms * 0.9e6}, {"median_high_ns", ms * 1.1e6}}}};
  };
  nlohmann::json works = nlohmann::json::array();
  for (const auto& [variant, ms] : {std::pair{"avgpool", 1.0}, {"maxpool", 3.0}})
    works.push_back(
        {{"unit", "pool1"}, {"mode", "forward"}, {"variant", variant}, {"batch", 32}, {"arms", {arm(ms)}}});
  std::ofstream(folder_ / "peers.json") << nlohmann::json{{"works", works}}.dump();
  const auto finished =
      explain({"--shapes", "mine.txt", "--experiments", "original", "--peers", "peers.json", "--out", "r"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("torch f32, pool1 forward, batch 32: max takes 3.00"));
}

TEST_F(StudyExplain, RefusesNonsenseWithOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--variants", "maxpol,strided"}, "maxpol"},
      {{"--variants", "maxpool"}, "at least two"},
      {{"--variants", "maxpool,maxpool"}, "named twice"},
      {{"--experiments", "strip"}, "strips"},
      {{"--seconds", "0"}, "--seconds"},
      {{"--budget", "soon"}, "--budget"},
      {{"--shapes", "nowhere.txt"}, "nowhere.txt"},
      {{"extra"}, "extra"},
  };
  for (const auto& [args, message] : cases) {
    const auto finished = explain(args);
    EXPECT_EQ(finished.code, 2) << message;
    EXPECT_THAT(finished.err, HasSubstr(message));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  }
  std::filesystem::create_directories(folder_ / "there");
  EXPECT_EQ(explain({"--out", "there"}).code, 4);
  std::ofstream(folder_ / "peers.json") << "{}";
  const auto no_peers = explain({"--peers", "peers.json"});
  EXPECT_EQ(no_peers.code, 3);
  EXPECT_THAT(no_peers.err, HasSubstr("peers.json"));
  const auto missing = run("study", {"explain", "--compare", "a.json", "b.json"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("a.json"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results")) << "nothing was written";
}

}  // namespace
}  // namespace dsx
