// Several programs at one file or folder at once: two imports with the same process id, as in two containers;
// two runs of one name; a checkpoint that another program opened for writing.
#include <gmock/gmock.h>
#include <sched.h>

#include "data/io/sealed_file.hpp"
#include "tests/program/study_images.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Before a program: makes it process 1 of a space of its own, as `unshare -rpf` does, and hands its end on.
void in_a_container() {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return;  // not allowed here: an ordinary process
  const pid_t child = ::fork();
  if (child == 0) return;
  int status = 0;
  ::waitpid(child, &status, 0);
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

class StudyTogether : public ProgramTest {
 protected:
  // The same program twice, each in a folder of its own below folder_.
  std::vector<Finished> twice(const Words& words) const {
    for (const char* place : {"one", "other"}) fs::create_directories(folder_ / place);
    Running one(folder_ / "one", "study", words, in_a_container),
        other(folder_ / "other", "study", words, in_a_container);
    return {one.wait(), other.wait()};
  }
  void expect_no_temporaries() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      EXPECT_FALSE(entry.path().filename().string().ends_with(".tmp")) << entry.path();
  }
};

TEST_F(StudyTogether, TwoImportsWithTheSameProcessIdBothSucceed) {
  write_class_folders(folder_ / "data", "OTHER", 40);
  const std::string out = (folder_ / "same.h5").string();
  for (int round = 0; round < 3; ++round) {
    for (const Finished& done : twice({"data", "import", (folder_ / "data").string(), "--size", "224",
                                       "--out", out, "--force", "--progress", "none"}))
      EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_NO_THROW(data::check_seal(out));
    EXPECT_EQ(run("study", {"data", "show", out}).code, 0);
  }
  expect_no_temporaries();
}

TEST_F(StudyTogether, TwoStudiesThatFillOneCacheBothSucceed) {
  write_class_folders(folder_ / "data", "OTHER", 20);
  const Words words =
      split_words("--size 32 --batch 8 --epochs 1 --threads 1 --no-latency --progress none") +
      Words{"--data", (folder_ / "data").string(), "--cache-dir", (folder_ / "cache").string()};
  for (const Finished& done : twice(words)) EXPECT_EQ(done.code, 0) << done.err;
  expect_no_temporaries();
}

TEST_F(StudyTogether, OfTwoRunsWithOneNameTheSecondEndsInOneLine) {
  const std::vector<Finished> ends =
      twice(tiny() + Words{"--name", "same", "--out", (folder_ / "runs").string(), "--no-latency"});
  EXPECT_EQ(std::min(ends[0].code, ends[1].code), 0) << ends[0].err << ends[1].err;
  for (const Finished& end : ends) {
    if (end.code == 0) continue;
    EXPECT_EQ(end.code, 4);
    EXPECT_THAT(end.err, HasSubstr("same: "));
    EXPECT_EQ(std::count(end.err.begin(), end.err.end(), '\n'), 1) << end.err;
  }
  EXPECT_EQ(summary_of(folder_ / "runs" / "same")["status"], "finished");
  expect_no_temporaries();
}

// What h5py.File(path, "a").close() does.
TEST_F(StudyTogether, ACheckpointOpenedForWritingElsewhereIsStillRead) {
  ASSERT_EQ(run("study", tiny() + Words{"--name", "x", "--no-latency"}).code, 0);
  const fs::path folder = folder_ / "results/runs/x";
  for (const char* name : {"best.h5", "last.h5", "run.h5"}) {
    const std::string before = slurp(folder / name);
    {
      const data::h5::Lock lock;
      H5::H5File((folder / name).string(), H5F_ACC_RDWR).close();
    }
    EXPECT_EQ(slurp(folder / name), before) << name;
  }
  EXPECT_EQ(run("study", {"--resume", folder.string(), "--epochs", "4", "--progress", "none"}).code, 0);
  EXPECT_EQ(run("study", {"export", folder.string(), "--format", "safetensors"}).code, 0);
}

}  // namespace
}  // namespace dsx
