// The run's folder is new, is one run's only, and is refused before anything is made; threads are cut to the
// CPUs.
#include "study/run/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>
#include <vector>

#include "kernels/base/error.hpp"
#include "study/settings/threads.hpp"
#include "tests/study/error_of.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RunFolders : public ::testing::Test {
 protected:
  void SetUp() override {
    out_ = fs::path(::testing::TempDir()) / ("run_folder_" + std::to_string(::getpid()));
    fs::create_directories(out_);
    settings_.out = out_.string();
  }
  void TearDown() override { fs::remove_all(out_); }
  run::RunFolder create() const {
    return run::RunFolder::create(settings_,
                                  [](const std::string& name) { return "# " + name + "\nseed: 1\n"; });
  }
  // A folder as a killed run leaves it, with these files beside config.yaml.
  fs::path killed(const std::string& name, const std::map<std::string, std::string>& files) {
    settings_.name = name;
    create();
    for (const auto& [file, text] : files) std::ofstream(out_ / name / file) << text;
    return out_ / name;
  }
  static std::string summary(const std::string& status) {
    return R"({"format": "downscalexr-summary", "status": ")" + status + "\"}";
  }
  fs::path out_;
  settings::Settings settings_;
};

TEST_F(RunFolders, DefaultNamesNameTheRunAndAreAlwaysNew) {
  settings_.data = "/data/chest xray.h5";
  settings_.seed = 7;
  const run::RunFolder first = create(), second = create();
  EXPECT_THAT(first.name(), HasSubstr("avgpool-chest_xray-s7-2"));
  EXPECT_NE(first.path(), second.path());
  EXPECT_TRUE(fs::is_directory(second.path()));
}

TEST_F(RunFolders, AnExistingNameIsRefusedAndNotTouched) {
  settings_.name = "mine";
  fs::create_directory(out_ / "mine");
  std::ofstream(out_ / "mine" / "keep") << "x";
  EXPECT_THAT(error_of<OutputError>([&] { run::check_new_run_folder(settings_); }),
              HasSubstr("mine: exists already"));
  EXPECT_THAT(error_of<OutputError>([&] { create(); }), HasSubstr("mine: exists already"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out_ / "mine"), {}), 1);
}

TEST_F(RunFolders, AFileWhereAFolderShouldBeIsRefusedWithoutMakingAnything) {
  std::ofstream(out_ / "file") << "x";
  settings_.out = (out_ / "file" / "below").string();
  EXPECT_THAT(error_of<OutputError>([&] { run::check_new_run_folder(settings_); }),
              HasSubstr("is not a folder"));
  EXPECT_THROW(create(), OutputError);
  settings_.out = (out_ / "new" / "deep").string();
  EXPECT_NO_THROW(run::check_new_run_folder(settings_));
  EXPECT_FALSE(fs::exists(out_ / "new"));
}

TEST_F(RunFolders, OnlyRunsCanBeResumedAndOnlyOnce) {
  EXPECT_THAT(error_of<DataError>([&] { run::RunFolder::open(out_ / "nowhere"); }),
              HasSubstr("no such run folder"));
  EXPECT_THAT(error_of<DataError>([&] { run::RunFolder::open(out_); }), HasSubstr("config.yaml"));
  settings_.name = "run";
  {
    const run::RunFolder run = create();
    std::ofstream(run.path() / ".last.h5.123.tmp") << "half";
    EXPECT_THAT(error_of<OutputError>([&] { run::RunFolder::open(run.path()); }),
                HasSubstr("another process"));
  }
  const run::RunFolder again = run::RunFolder::open(out_ / "run");
  EXPECT_FALSE(fs::exists(out_ / "run" / ".last.h5.123.tmp"));
}

TEST_F(RunFolders, AppearWithTheirConfigAndNothingElseIsLeft) {
  settings_.name = std::string(255, 'n');
  const run::RunFolder run = create();
  EXPECT_TRUE(fs::exists(run.config()));
  EXPECT_EQ(std::distance(fs::directory_iterator(out_), {}), 1) << "a temporary was left";
}

TEST_F(RunFolders, WhatWasKilledBeforeItsFirstEpochIsTakenByTheSameName) {
  const std::vector<std::map<std::string, std::string>> early = {
      {},
      {{"run.h5", "half"}},
      {{"run.h5", "x"}, {"summary.json", summary("running")}, {".best.h5.0123456789abcdef.tmp", "half"}},
      {{"summary.json", summary("interrupted")}, {"tracking.jsonl", "{}"}}};
  for (std::size_t i = 0; i < early.size(); ++i) {
    const fs::path folder = killed("early" + std::to_string(i), early[i]);
    EXPECT_NO_THROW(run::check_new_run_folder(settings_)) << i;
    const run::RunFolder again = create();
    EXPECT_EQ(again.path(), folder);
    EXPECT_TRUE(again.begun_anew());
    EXPECT_FALSE(fs::exists(again.run_h5()) || fs::exists(again.summary())) << i;
  }
  EXPECT_TRUE(fs::exists(out_ / "early3" / "tracking.jsonl"));
  fs::create_directory(out_ / "empty");
  settings_.name = "empty";
  EXPECT_TRUE(fs::exists(create().config()));
}

TEST_F(RunFolders, WhatHoldsMoreIsNotTaken) {
  const std::vector<std::map<std::string, std::string>> late = {
      {{"last.h5", "x"}, {"summary.json", summary("running")}},
      {{"best.h5", "x"}, {"summary.json", summary("imported")}},
      {{"run.h5", "x"}, {"summary.json", summary("finished")}},
      {{"notes.txt", "mine"}},
      {{"summary.json", "no JSON"}}};
  for (std::size_t i = 0; i < late.size(); ++i) {
    const fs::path folder = killed("late" + std::to_string(i), late[i]);
    EXPECT_THAT(error_of<OutputError>([&] { run::check_new_run_folder(settings_); }),
                HasSubstr("exists already"));
    EXPECT_THAT(error_of<OutputError>([&] { create(); }), HasSubstr("exists already"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}),
              static_cast<std::ptrdiff_t>(late[i].size()) + 1);
  }
}

TEST_F(RunFolders, ARunThatIsBeingPreparedIsNotTaken) {
  settings_.name = "mine";
  const run::RunFolder run = create();
  for (const auto& start :
       std::vector<std::function<void()>>{[&] { run::check_new_run_folder(settings_); }, [&] { create(); }})
    EXPECT_THAT(error_of<OutputError>(start), HasSubstr("another process is writing this run"));
}

TEST(Threads, AreCutToTheCpusWithAWarning) {
  EXPECT_EQ(settings::choose_threads(0, false, {.cpus = 2}).used, 2);
  EXPECT_EQ(settings::choose_threads(1, false, {.cpus = 2}).used, 1);
  EXPECT_EQ(settings::choose_threads(1, false, {.cpus = 2}).warning, "");
  const settings::ThreadChoice cut = settings::choose_threads(4, false, {.cpus = 2});
  EXPECT_EQ(cut.used, 2);
  EXPECT_EQ(cut.requested, 4);
  EXPECT_THAT(cut.warning, HasSubstr("--threads 4 is more than the 2 CPUs"));
  EXPECT_EQ(settings::choose_threads(4, true, {.cpus = 2}).used, 4);
  EXPECT_NE(settings::choose_threads(4, true, {.cpus = 2}).warning, "");
}

}  // namespace
}  // namespace dsx
