// A run that was killed, at whatever moment, resumes as if never stopped: weights, losses and final metrics
// equal an uninterrupted run's bit by bit.
#include <gmock/gmock.h>

#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StudyResume : public ProgramTest {
 protected:
  // Momentum, weight decay, a schedule, shuffling and augmentation all have state or depend on the epoch.
  static Words settings() {
    return with(with(with(tiny(), "--epochs", "6"), "--synthetic-train", "256"), "--schedule", "cosine") +
           Words{"--weight-decay", ".001", "--flip", ".5", "--rotation", "5"};
  }
  fs::path run_folder(const std::string& name) const { return folder_ / "results/runs" / name; }
  Finished resume(const std::string& name) const {
    return run("study", {"--resume", run_folder(name).string(), "--progress", "none"});
  }
};

TEST_F(StudyResume, AfterKillsEqualsAnUninterruptedRun) {
  ASSERT_EQ(run("study", settings() + Words{"--name", "whole"}).code, 0);
  {
    Running killed(folder_, "study", settings() + Words{"--name", "killed"});
    ASSERT_TRUE(killed.wait_for("epoch 1/6"));
    killed.send(SIGKILL);  // right after an epoch's files
    EXPECT_EQ(killed.wait().code, 128 + SIGKILL);
  }
  for (const int delay_ms : {35, 90}) {  // somewhere within an epoch, or between its files
    Running killed(folder_, "study", {"--resume", run_folder("killed").string(), "--progress", "none"});
    ASSERT_TRUE(killed.wait_for("resuming after epoch"));
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    killed.send(SIGKILL);
    killed.wait();
  }
  const Finished done = resume("killed");
  ASSERT_EQ(done.code, 0) << done.err;
  expect_same_run(run_folder("whole"), run_folder("killed"));
  EXPECT_EQ(summary_of(run_folder("killed"))["status"], "finished");
}

TEST_F(StudyResume, AdamResumesBitByBit) {
  const Words adam = settings() + Words{"--optimizer", "adam"};
  ASSERT_EQ(run("study", adam + Words{"--name", "whole"}).code, 0);
  {
    Running killed(folder_, "study", adam + Words{"--name", "killed"});
    ASSERT_TRUE(killed.wait_for("epoch 2/6"));
    killed.send(SIGKILL);
    killed.wait();
  }
  ASSERT_EQ(resume("killed").code, 0);
  expect_same_run(run_folder("whole"), run_folder("killed"));
}

TEST_F(StudyResume, InterruptEndsCleanlyAndSaysHowToResume) {
  ASSERT_EQ(run("study", settings() + Words{"--name", "whole"}).code, 0);
  {
    Running stopped(folder_, "study", settings() + Words{"--name", "stopped"});
    ASSERT_TRUE(stopped.wait_for("epoch 1/6"));
    stopped.send(SIGINT);
    const Finished end = stopped.wait();
    EXPECT_EQ(end.code, 130);
    EXPECT_THAT(end.err, HasSubstr("resume with: study --resume " + run_folder("stopped").string()));
  }
  EXPECT_EQ(summary_of(run_folder("stopped"))["status"], "interrupted");
  const Finished done = resume("stopped");
  ASSERT_EQ(done.code, 0) << done.err;
  expect_same_run(run_folder("whole"), run_folder("stopped"));
}

TEST_F(StudyResume, StoppedInTheFirstEpochStartsAnew) {
  {
    Running killed(folder_, "study", settings() + Words{"--name", "killed"});
    ASSERT_TRUE(killed.wait_for("run killed"));
    killed.send(SIGKILL);
    killed.wait();
  }
  const Finished done = resume("killed");
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(summary_of(run_folder("killed"))["training"]["epochs_done"], 6);
}

TEST_F(StudyResume, GoesFurtherWithMoreEpochs) {
  const Words words = tiny();
  ASSERT_EQ(run("study", words + Words{"--name", "short"}).code, 0);
  ASSERT_EQ(
      run("study", {"--resume", run_folder("short").string(), "--epochs", "5", "--progress", "none"}).code,
      0);
  ASSERT_EQ(run("study", with(words, "--epochs", "5") + Words{"--name", "long"}).code, 0);
  expect_same_run(run_folder("long"), run_folder("short"));
}

TEST_F(StudyResume, SaysThatMoreEpochsStretchACosineSchedule) {
  ASSERT_EQ(run("study", with(tiny(), "--schedule", "cosine") + Words{"--name", "x"}).code, 0);
  const Finished done =
      run("study", {"--resume", run_folder("x").string(), "--epochs", "4", "--progress", "none"});
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.err, HasSubstr("cosine schedule now spans 4 epochs, not 3"));
}

TEST_F(StudyResume, AFinishedRunIsLeftAlone) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "x"}).code, 0);
  const std::string summary = slurp(run_folder("x") / "summary.json");
  const Finished done = resume("x");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("is finished; --epochs N with more than 3 goes further"));
  EXPECT_EQ(slurp(run_folder("x") / "summary.json"), summary);
}

TEST_F(StudyResume, RefusesOtherSettingsOtherDataAndDamage) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "x"}).code, 0);
  const std::string x = run_folder("x").string();
  const Finished changed = run("study", {"--resume", x, "--lr", ".5"});
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.err, HasSubstr("--lr: a resumed run keeps its lr (0.05)"));
  const Finished algorithm = run("study", {"--resume", x, "--engine", "fused", "--algorithm", "fast"});
  EXPECT_EQ(algorithm.code, 2);
  EXPECT_THAT(algorithm.err, HasSubstr("--algorithm: a resumed run keeps its algorithm (direct)"));
  const Finished nowhere = run("study", {"--resume", "nowhere"});
  EXPECT_EQ(nowhere.code, 3);
  EXPECT_THAT(nowhere.err, HasSubstr("no such run folder"));
  EXPECT_EQ(run("study", {"--resume", folder_.string()}).code, 3) << "a folder that is no run";

  const std::string good = slurp(run_folder("x") / "last.h5"),
                    summary = slurp(run_folder("x") / "summary.json");
  for (const std::string& bad : {good.substr(0, good.size() / 2), std::string("x"), std::string()}) {
    std::ofstream(run_folder("x") / "last.h5", std::ios::binary) << bad;
    const Finished damaged = run("study", {"--resume", x, "--epochs", "9"});
    EXPECT_EQ(damaged.code, 3);
    EXPECT_THAT(damaged.err, HasSubstr("last.h5: damaged or truncated"));
    EXPECT_EQ(std::count(damaged.err.begin(), damaged.err.end(), '\n'), 1) << damaged.err;
    EXPECT_EQ(slurp(run_folder("x") / "last.h5"), bad) << "left as it was";
  }
  EXPECT_EQ(slurp(run_folder("x") / "summary.json"), summary);
}

TEST_F(StudyResume, AnotherNetworkInConfigIsNamed) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "x"}).code, 0);
  std::string config = slurp(run_folder("x") / "config.yaml");
  config.replace(config.find("avgpool"), 7, "maxpool");
  std::ofstream(run_folder("x") / "config.yaml") << config;
  const Finished done = run("study", {"--resume", run_folder("x").string(), "--epochs", "5"});
  EXPECT_EQ(done.code, 3);
  EXPECT_THAT(done.err, HasSubstr("variant is avgpool there and maxpool here"));
}

}  // namespace
}  // namespace dsx
