// A sweep that is killed, at whatever moment and however, goes on: nothing unreadable, no epoch trained
// twice, and in the end the numbers of a sweep that was never stopped.
#include <sys/prctl.h>

#include "study/compare/cell_state.hpp"
#include "study/sealed_file.hpp"
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StudyCompareKill : public CompareTest {
 protected:
  // Children of a process, by the system's own list.
  static std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string stat = slurp(entry.path() / "stat");  // "pid (name) state ppid ..."
      const std::size_t end = stat.rfind(')');
      if (end == std::string::npos || stat.size() < end + 4) continue;
      if (std::stol(stat.substr(end + 4)) == parent) children.push_back(std::stoi(name));
    }
    return children;
  }
  // Until no process holds a cell any more; false after ten seconds.
  bool wait_for_quiet(const std::string& name) const {
    for (int tick = 0; tick < 1000; ++tick) {
      bool busy = false;
      for (const std::string& c : cells(name)) busy = busy || is_being_written(cell(name, c));
      if (!busy) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void expect_all_readable(const std::string& name) const {
    for (const std::string& c : cells(name)) {
      const fs::path folder = cell(name, c);
      for (const char* sealed : {"best.h5", "last.h5"})
        if (fs::exists(folder / sealed)) EXPECT_NO_THROW(check_seal(folder / sealed)) << folder;
      if (fs::exists(folder / "run.h5")) EXPECT_NO_THROW(h5::Reader(folder / "run.h5").names("")) << folder;
      if (fs::exists(folder / "summary.json")) EXPECT_TRUE(summary_of(folder).is_object()) << folder;
    }
  }
  // Every "epoch k/N" that a cell's processes printed; each is printed after its files are written.
  void expect_no_epoch_twice(const std::string& name) const {
    for (const auto& entry : fs::directory_iterator(sweep(name) / "logs")) {
      std::istringstream lines(slurp(entry.path()));
      std::set<std::string> seen;
      for (std::string line; std::getline(lines, line);)
        if (line.starts_with("epoch ")) {
          const std::string epoch = line.substr(0, line.find(' ', 6));
          EXPECT_TRUE(seen.insert(epoch).second) << entry.path() << " trained " << epoch << " twice";
        }
    }
  }
};

TEST_F(StudyCompareKill, KilledInALoopLosesAtMostAnEpoch) {
  ASSERT_EQ(compare(longer() + Words{"--out", "whole"}).code, 0);
  const std::vector<std::string> all = cells("whole");
  ASSERT_EQ(all.size(), 6U);
  std::map<std::string, int> epochs_before;
  int kills = 0;
  // The sweep alone, or its cells as well, at moments that differ.
  for (const int delay_ms : {150, 420, 260, 610, 90, 500, 330, 700, 210, 800}) {
    Running sweep_run(folder_, "study", Words{"compare"} + longer() + Words{"--out", "killed"});
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const std::vector<pid_t> children = children_of(sweep_run.pid());
    sweep_run.send(SIGKILL);
    if (kills++ % 2 == 0)
      for (const pid_t child : children) ::kill(child, SIGKILL);
    sweep_run.wait();
    ASSERT_TRUE(wait_for_quiet("killed")) << "a cell outlived its sweep";
    expect_all_readable("killed");
    for (const std::string& c : cells("killed")) {
      const nlohmann::json summary = summary_of(cell("killed", c));
      if (!summary.is_object()) continue;
      const int epochs = summary["training"]["epochs_done"];
      EXPECT_GE(epochs, epochs_before[c]) << c << " lost an epoch";
      epochs_before[c] = epochs;
    }
  }
  const Finished done = compare({"--out", "killed", "--progress", "none"});
  ASSERT_EQ(done.code, 0) << done.err;
  ASSERT_EQ(cells("killed"), all);
  for (const std::string& c : all) expect_same_run(cell("whole", c), cell("killed", c));
  expect_no_epoch_twice("killed");
}

TEST_F(StudyCompareKill, InterruptStopsTheCellsAndSaysHowToGoOn) {
  ASSERT_EQ(compare(longer() + Words{"--out", "whole"}).code, 0);
  for (const int signal_number : {SIGINT, SIGTERM}) {
    Running sweep_run(folder_, "study", Words{"compare"} + longer() + Words{"--out", "stopped"});
    for (int tick = 0; tick < 1000 && children_of(sweep_run.pid()).empty(); ++tick)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    sweep_run.send(signal_number);
    const Finished end = sweep_run.wait();
    EXPECT_EQ(end.code, 130);
    EXPECT_THAT(end.err, HasSubstr("go on with: study compare --out " + sweep("stopped").string()));
    for (const std::string& c : cells("stopped")) EXPECT_FALSE(is_being_written(cell("stopped", c)));
  }
  const Finished done = compare({"--out", "stopped", "--progress", "none"});
  ASSERT_EQ(done.code, 0) << done.err;
  ASSERT_EQ(cells("stopped"), cells("whole"));
  for (const std::string& c : cells("whole")) expect_same_run(cell("whole", c), cell("stopped", c));
  expect_no_epoch_twice("stopped");
}

TEST_F(StudyCompareKill, ACellKilledFromOutsideIsReportedAndGoneOnWith) {
  Running sweep_run(folder_, "study",
                    Words{"compare"} + longer() + split_words("--variants maxpool,strided --out s"));
  // The estimates come first, in processes of their own that hold no cell.
  for (int tick = 0; tick < 1000 && !(fs::exists(cell("s", "maxpool-seed1-clean")) &&
                                      is_being_written(cell("s", "maxpool-seed1-clean")));
       ++tick)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const std::vector<pid_t> children = children_of(sweep_run.pid());
  ASSERT_EQ(children.size(), 1U);
  ::kill(children[0], SIGKILL);
  const Finished done = sweep_run.wait();
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("cell maxpool-seed1-clean failed: killed by signal 9"));
  EXPECT_EQ(summary_of(cell("s", "strided-seed1-clean"))["status"], "finished");
  EXPECT_EQ(compare({"--out", "s", "--progress", "none"}).code, 0);
  EXPECT_EQ(summary_of(cell("s", "maxpool-seed1-clean"))["status"], "finished");
}

}  // namespace
}  // namespace dsx
