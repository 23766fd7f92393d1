// Bad input of each kind: one line that says what and where, the exit code of its kind, and nothing
// overwritten or left half-written.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StudyErrors : public ProgramTest {
 protected:
  void expect(const Words& args, int code, const std::string& text) const {
    const Finished done = run("study", args);
    std::string command;
    for (const std::string& arg : args) command += " " + arg;
    EXPECT_EQ(done.code, code) << command << "\n" << done.err;
    EXPECT_THAT(done.err, HasSubstr("study: error: ")) << command;
    EXPECT_THAT(done.err, HasSubstr(text)) << command;
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
    EXPECT_FALSE(fs::exists(folder_ / "results")) << command << " left something behind";
  }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
};

TEST_F(StudyErrors, NonsenseFlagsExitWith2) {
  expect({"--threads", "0"}, 2, "--threads: expected an integer from 1");
  expect({"--batch", "-1"}, 2, "--batch: expected an integer from 1");
  expect({"--variant", "foo"}, 2, "--variant: expected one of avgpool, maxpool, strided");
  expect({"--lr", "nan"}, 2, "--lr: expected a number above 0");
  expect({"--val-fraction", "2"}, 2, "--val-fraction: expected");
  expect({"--layout", "nwhc"}, 2, "one of nhwc, nchw");
  expect({"--varaint", "avgpool"}, 2, "did you mean '--variant'?");
  expect({"--epochs"}, 2, "--epochs needs a value");
  expect({"trian"}, 2, "did you mean 'train'?");
  expect({"train", "avgpool"}, 2, "unexpected word 'avgpool'");
  expect(tiny() + Words{"--network", "nonet"}, 2, "nonet");
  expect({"--size", "8"}, 2, "");
  expect(tiny() + Words{"--name", "a/b"}, 2, "name");
}

TEST_F(StudyErrors, NonsenseSettingsFilesExitWith2) {
  expect({"--config", "nowhere.yaml"}, 2, "nowhere.yaml");
  expect({"--config", write("a.yaml", "epochs: 2\nlerning_rate: 1\n").string()}, 2,
         "a.yaml:2: unknown key 'lerning_rate'");
  expect({"--config", write("b.yaml", "epochs: many\n").string()}, 2,
         "b.yaml:1: epochs: expected an integer");
  expect({"--config", write("c.yaml", "epochs: [\n").string()}, 2, "c.yaml");
  expect({"--config", write("d.yaml", std::string(1000, '[')).string()}, 2, "d.yaml");
  expect({"--config", folder_.string()}, 2, folder_.string());
}

TEST_F(StudyErrors, UnusableDataExitWith3) {
  expect({"--data", "nowhere"}, 3, "nowhere");
  expect({"--data", write("bad.h5", "no hdf5 at all").string()}, 3, "bad.h5");
  fs::create_directories(folder_ / "empty");
  expect({"--data", "empty"}, 3, "empty");
  fs::create_directories(folder_ / "one/train/NORMAL");
  write("one/train/NORMAL/a.png", "no image");
  expect({"--data", "one"}, 3, "one");
}

TEST_F(StudyErrors, BatchLargerThanTrainIsRefused) {
  expect({"--size", "32", "--synthetic-train", "16", "--synthetic-val", "16", "--synthetic-test", "16",
          "--threads", "1"},
         2, "32 is more than the 16 training images");
}

TEST_F(StudyErrors, OutputThatCannotBeWrittenExitsWith4) {
  write("file", "x");
  expect(tiny() + Words{"--out", "file"}, 4, "file");
  expect(tiny() + Words{"--out", "file/below"}, 4, "is not a folder");
  expect(tiny() + Words{"--out", "/proc/dsx"}, 4, "/proc");
  EXPECT_EQ(slurp(folder_ / "file"), "x");
}

TEST_F(StudyErrors, AnExistingRunIsNotTouched) {
  fs::create_directories(folder_ / "out/mine");
  write("out/mine/keep.txt", "keep");
  expect(tiny() + Words{"--out", "out", "--name", "mine"}, 4, "mine: exists already");
  EXPECT_EQ(slurp(folder_ / "out/mine/keep.txt"), "keep");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out/mine"), {}), 1);
}

TEST_F(StudyErrors, UnwritableFolderExitsWith4) {
  constexpr uid_t kNobody = 65534;
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                               fs::perms::others_read | fs::perms::others_exec);
  fs::create_directories(folder_ / "locked");
  fs::permissions(folder_ / "locked", fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                                          fs::perms::others_exec);
  const Finished done = run("study", tiny() + Words{"--out", "locked"}, [] {
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(126);  // root may write everywhere
  });
  if (done.code == 126 || done.code == 127)
    GTEST_SKIP() << "the program cannot be run as another user from here";
  EXPECT_EQ(done.code, 4) << done.err;
  EXPECT_THAT(done.err, HasSubstr("locked: not writable"));
}

// Every file in the run's folder is whole: JSON parses, HDF5 opens, and there are no temporaries.
void expect_whole_files(const fs::path& run) {
  for (const auto& entry : fs::directory_iterator(run)) {
    const fs::path& path = entry.path();
    EXPECT_THAT(path.filename().string(), ::testing::Not(::testing::EndsWith(".tmp")));
    if (path.extension() == ".h5") {
      EXPECT_NO_THROW(data::h5::Reader{path}) << path;
    }
    if (path.extension() == ".json") {
      EXPECT_FALSE(summary_of(run).is_discarded());
    }
  }
}

TEST_F(StudyErrors, AFullDiskExitsWith4AndLeavesNothingHalfWritten) {
  const fs::path disk = folder_ / "disk";
  fs::create_directories(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=400k") != 0)
    GTEST_SKIP() << "not permitted to mount a small disk";
  const Finished done = run("study", tiny() + Words{"--out", "disk", "--name", "full"});
  EXPECT_EQ(done.code, 4) << done.err;
  EXPECT_THAT(done.err, HasSubstr("study: error: "));
  if (fs::exists(disk / "full")) expect_whole_files(disk / "full");
  ::umount(disk.c_str());
}

TEST_F(StudyErrors, AFileSizeLimitActsLikeAFullDisk) {
  const Finished done = run("study", tiny() + Words{"--name", "limited"}, [] {
    const rlimit limit = {150'000, 150'000};  // run.h5 fits, a checkpoint does not
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  EXPECT_EQ(done.code, 4) << done.err;
  EXPECT_THAT(done.err, HasSubstr("last.h5"));
  expect_whole_files(folder_ / "results/runs/limited");
}

TEST_F(StudyErrors, DivergedTrainingExitsWith6AndAdvice) {
  const Words words = with(tiny(), "--lr", "1e30");
  const Finished done = run("study", words + Words{"--name", "x"});
  EXPECT_EQ(done.code, 6) << done.err;
  EXPECT_THAT(done.err, HasSubstr("lower --lr"));
  EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  EXPECT_EQ(summary_of(folder_ / "results/runs/x")["status"], "diverged");
}

}  // namespace
}  // namespace dsx
