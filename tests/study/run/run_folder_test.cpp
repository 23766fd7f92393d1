// The run's folder is new, is one run's only, and is refused before anything is made; threads are cut to the
// CPUs.
#include "study/run/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

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
  fs::path out_;
  settings::Settings settings_;
};

TEST_F(RunFolders, DefaultNamesNameTheRunAndAreAlwaysNew) {
  settings_.data = "/data/chest xray.h5";
  settings_.seed = 7;
  const run::RunFolder first = run::RunFolder::create(settings_), second = run::RunFolder::create(settings_);
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
  EXPECT_THAT(error_of<OutputError>([&] { run::RunFolder::create(settings_); }),
              HasSubstr("mine: exists already"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out_ / "mine"), {}), 1);
}

TEST_F(RunFolders, AFileWhereAFolderShouldBeIsRefusedWithoutMakingAnything) {
  std::ofstream(out_ / "file") << "x";
  settings_.out = (out_ / "file" / "below").string();
  EXPECT_THAT(error_of<OutputError>([&] { run::check_new_run_folder(settings_); }),
              HasSubstr("is not a folder"));
  EXPECT_THROW(run::RunFolder::create(settings_), OutputError);
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
    const run::RunFolder run = run::RunFolder::create(settings_);
    std::ofstream(run.config()) << "seed: 1\n";
    std::ofstream(run.path() / ".last.h5.123.tmp") << "half";
    EXPECT_THAT(error_of<OutputError>([&] { run::RunFolder::open(run.path()); }),
                HasSubstr("another process"));
  }
  const run::RunFolder again = run::RunFolder::open(out_ / "run");
  EXPECT_FALSE(fs::exists(out_ / "run" / ".last.h5.123.tmp"));
}

TEST(Threads, AreCutToTheCpusWithAWarning) {
  EXPECT_EQ(settings::choose_threads(0, false, 2).used, 2);
  EXPECT_EQ(settings::choose_threads(1, false, 2).used, 1);
  EXPECT_EQ(settings::choose_threads(1, false, 2).warning, "");
  const settings::ThreadChoice cut = settings::choose_threads(4, false, 2);
  EXPECT_EQ(cut.used, 2);
  EXPECT_EQ(cut.requested, 4);
  EXPECT_THAT(cut.warning, HasSubstr("--threads 4 is more than the 2 CPUs"));
  EXPECT_EQ(settings::choose_threads(4, true, 2).used, 4);
  EXPECT_NE(settings::choose_threads(4, true, 2).warning, "");
}

}  // namespace
}  // namespace dsx
