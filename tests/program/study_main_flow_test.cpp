// The study from start to end on a tiny configuration: what it prints, what it leaves, and that the same
// command gives the same numbers bit by bit.
#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "kernels/base/clock.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/commands/command.hpp"
#include "study/settings/settings.hpp"
#include "study/settings/settings_fields.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Study = ProgramTest;

TEST_F(Study, HelpIsOnePageWithEverySettingOperatorAndExitCode) {
  const Finished help = run("study", {"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* text :
       {"Usage:", "--variant NAME", "--resume DIR", "[32]", "Examples:", "Exit codes:", "plan", "data"})
    EXPECT_THAT(help.out, HasSubstr(text));
  for (const downsample::DownsampleOp& op : downsample::downsample_table())
    EXPECT_THAT(help.out, HasSubstr(op.description));
  for (const commands::Command& command : commands::command_table()) {
    EXPECT_EQ(help.out.find("\n  " + command.name + " ") != std::string::npos, !command.hidden)
        << command.name;
    for (const commands::CommandPart& part :
         command.parts == nullptr ? std::vector<commands::CommandPart>{} : command.parts())
      EXPECT_THAT(help.out, HasSubstr("\n  " + command.name + " " + part.name + " "));
  }
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(run("study", {"-h"}).out, help.out);
  EXPECT_FALSE(fs::exists(folder_ / "results"));
}

// Every page that says "see the table below" has it, and what a setting may be stands beside it.
TEST_F(Study, HelpOfEveryCommandExplainsItsChoicesAndListsAFlagOnce) {
  for (const commands::Command& command : commands::command_table()) {
    if (command.hidden) continue;
    const Finished help = run("study", {command.name, "--help"});
    EXPECT_EQ(help.code, 0) << command.name;
    if (help.out.find("table below") != std::string::npos) {
      EXPECT_THAT(help.out, HasSubstr(downsample::downsample_table().front().description)) << command.name;
    }
    std::set<std::string> flags;
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("  --")) continue;
      const std::string flag = line.substr(2, line.find(' ', 2) - 2);
      EXPECT_TRUE(flags.insert(flag).second) << command.name << " lists " << flag << " twice";
      for (const settings::Field& field : settings::setting_fields())
        for (const std::string& choice :
             field.choices && !field.choices_in_table && flag == settings::flag_of(field)
                 ? field.choices()
                 : std::vector<std::string>{})
          EXPECT_THAT(line, HasSubstr(choice)) << command.name;
    }
  }
}

TEST_F(Study, VersionNamesCommitAndOneDnn) {
  const Finished version = run("study", {"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out,
              ::testing::MatchesRegex("study [0-9.]+ \\(commit .+\\), oneDNN [0-9.]+ \\(.+, OMP\\)\n"));
}

TEST_F(Study, LeavesOneFolderWithEverything) {
  const Finished done = run("study", tiny() + Words{"--name", "one"});
  ASSERT_EQ(done.code, 0) << done.err;
  const fs::path one = folder_ / "results/runs/one";
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(one)) files.push_back(entry.path().filename());
  EXPECT_THAT(files,
              ::testing::UnorderedElementsAre("best.h5", "last.h5", "run.h5", "summary.json", "config.yaml"));
  for (const char* text : {"epoch 1/3", "train loss", "val   loss", "Confusion matrix on test", "CPU latency",
                           "data loading", "ms alone: ", "Time by step", "conv1", "Everything is in"})
    EXPECT_THAT(done.out, HasSubstr(text));

  const nlohmann::json summary = summary_of(one);
  EXPECT_EQ(summary["status"], "finished");
  EXPECT_EQ(summary["training"]["epochs"].size(), 3U);
  for (const char* metric : {"loss", "accuracy", "precision", "recall", "specificity", "f1", "auc"}) {
    EXPECT_TRUE(summary["training"]["epochs"][0]["train"].contains(metric)) << metric;
    EXPECT_TRUE(summary["best"]["test"]["at_val_threshold"].contains(metric)) << metric;
    EXPECT_TRUE(summary["best"]["test"]["at_half"].contains(metric)) << metric;
  }
  EXPECT_EQ(summary["latency"][0]["batch"], 32);
  EXPECT_EQ(summary["latency"][1]["batch"], 1);
  EXPECT_GT(summary["latency"][1]["p99_ns"], 0);
  EXPECT_GT(summary["data_loading"]["work_ns_per_batch"], 0);
  EXPECT_EQ(summary["threads"]["used"], 1);
  EXPECT_FALSE(summary["environment"].empty());
}

TEST_F(Study, RunFileHoldsPredictionsByImageName) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "one"}).code, 0);
  const fs::path one = folder_ / "results/runs/one";
  const data::h5::Reader in(one / "run.h5");
  const std::vector<std::string> names = in.strings("predictions/test/name");
  const std::vector<float> logits = in.numbers<float>("predictions/test/logit");
  const std::vector<float> labels = in.numbers<float>("predictions/test/label");
  ASSERT_EQ(names.size(), 32U);
  ASSERT_EQ(logits.size(), 32U);
  EXPECT_THAT(names[0], HasSubstr("phantom-"));
  EXPECT_EQ(in.numbers<float>("predictions/train/logit").size(), 64U);
  EXPECT_EQ(in.numbers<double>("epochs/val_auc").size(), 3U);
  EXPECT_EQ(in.numbers<double>("latency/batch_32/samples_ns").size(), 5U);
  EXPECT_FALSE(in.strings("plans/training_batch_16/impl").empty());
  // The summary's figures follow from the stored logits.
  std::size_t right = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) right += (logits[i] >= 0) == (labels[i] > 0.5F);
  EXPECT_DOUBLE_EQ(summary_of(one)["best"]["test"]["at_half"]["accuracy"], static_cast<double>(right) / 32);
}

TEST_F(Study, SameCommandGivesTheSameNumbersAndItsConfigRepeatsIt) {
  const fs::path runs = folder_ / "results/runs";
  ASSERT_EQ(run("study", tiny() + Words{"--name", "a"}).code, 0);
  ASSERT_EQ(run("study", tiny() + Words{"--name", "b"}).code, 0);
  expect_same_run(runs / "a", runs / "b");
  const Finished repeated = run("study", {"--config", (runs / "a/config.yaml").string(), "--name", "c"});
  ASSERT_EQ(repeated.code, 0) << repeated.err;
  expect_same_run(runs / "a", runs / "c");
  ASSERT_EQ(run("study", tiny() + Words{"--name", "d", "--seed", "2"}).code, 0);
  EXPECT_NE(weights_of(runs / "a/last.h5"), weights_of(runs / "d/last.h5"));
}

TEST_F(Study, TestSplitPlaysNoPartInAnyChoice) {
  const fs::path runs = folder_ / "results/runs";
  const Words other_test = with(tiny(), "--synthetic-test", "64");
  ASSERT_EQ(run("study", tiny() + Words{"--name", "a"}).code, 0);
  ASSERT_EQ(run("study", other_test + Words{"--name", "b"}).code, 0);
  const nlohmann::json a = summary_of(runs / "a"), b = summary_of(runs / "b");
  EXPECT_NE(a["best"]["test"]["at_half"]["count"], b["best"]["test"]["at_half"]["count"]);
  EXPECT_EQ(a["best"]["epoch"], b["best"]["epoch"]);
  EXPECT_EQ(a["best"]["logit_threshold"], b["best"]["logit_threshold"]);
  EXPECT_EQ(weights_of(runs / "a/best.h5"), weights_of(runs / "b/best.h5"));
}

TEST_F(Study, MoreThreadsThanCpusAreCutWithAWarning) {
  const Finished done = run("study", {"--latency-only", "--threads", "3000", "--size", "32",
                                      "--latency-iterations", "5", "--name", "x"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("warning: --threads 3000 is more than"));
  const nlohmann::json threads = summary_of(folder_ / "results/runs/x")["threads"];
  EXPECT_EQ(threads["requested"], 3000);
  EXPECT_EQ(threads["used"], threads["cpus"]);
}

TEST_F(Study, LatencyOnlyNeedsNoDataAndLittleMemory) {
  const Finished done =
      run("study", {"--latency-only", "--threads", "1", "--latency-iterations", "5", "--data", "/nowhere"});
  ASSERT_EQ(done.code, 0) << done.err;
  fs::path made;
  for (const auto& entry : fs::directory_iterator(folder_ / "results/runs")) made = entry.path();
  EXPECT_THAT(made.filename().string(), HasSubstr("latency-avgpool"));
  const nlohmann::json summary = summary_of(made);
  EXPECT_EQ(summary["model"]["parameters"], 11396621);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(summary["peak_rss_mib"], 400);
#endif
}

TEST_F(Study, RepeatForRunsThatLongAndWritesNothing) {
  const Stopwatch watch;
  const Finished done = run("study", {"--repeat-for", "1", "--threads", "1", "--size", "64", "--batch", "2"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_GE(watch.elapsed_s(), 1);
  EXPECT_THAT(done.out, ::testing::ContainsRegex("process [0-9]+: forward passes of 2 images"));
  EXPECT_THAT(done.out, HasSubstr("images/s"));
  EXPECT_FALSE(fs::exists(folder_ / "results"));
}

TEST_F(Study, EarlyStoppingEndsTheRunAndSaysSo) {
  // A learning rate this small changes nothing, so val AUC never gets better.
  const Finished done = run("study", tiny() + Words{"--name", "x", "--config", "x.yaml"});
  EXPECT_EQ(done.code, 2) << "no such file";
  std::ofstream(folder_ / "x.yaml") << "patience: 2\n";
  const Words words = with(with(tiny(), "--lr", "1e-12"), "--epochs", "50");
  const Finished stopped = run("study", words + Words{"--name", "x", "--config", "x.yaml"});
  ASSERT_EQ(stopped.code, 0) << stopped.err;
  EXPECT_THAT(stopped.out, HasSubstr("stopped early: no better val AUC for 2 epochs"));
  EXPECT_TRUE(summary_of(folder_ / "results/runs/x")["training"]["stopped_early"]);
}

}  // namespace
}  // namespace dsx
