// A sweep that is killed, at whatever moment and however, resumes: nothing unreadable, no epoch trained
// twice, and in the end the numbers of a sweep that was never stopped.
#include "data/io/sealed_file.hpp"
#include "study/sweep/cell_state.hpp"
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StudyCompareKill : public CompareTest {
 protected:
  // A file of /proc; nothing when the process ends meanwhile, which libstdc++ throws as a failed read.
  static std::string slurp_of_process(const fs::path& path) {
    try {
      return slurp(path);
    } catch (const std::ios_base::failure&) {
      return {};
    }
  }
  // Children of a process, by the system's own list.
  static std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string stat = slurp_of_process(entry.path() / "stat");  // "pid (name) state ppid ..."
      const std::size_t end = stat.rfind(')');
      if (end == std::string::npos || stat.size() < end + 4) continue;
      if (std::stol(stat.substr(end + 4)) == parent) children.push_back(std::stoi(name));
    }
    return children;
  }
  // The processes of a sweep's cells; its estimates have the sweep's own command line.
  static std::vector<pid_t> cells_of(const Running& sweep_run) {
    std::vector<pid_t> children = children_of(sweep_run.pid());
    std::erase_if(children, [](pid_t pid) {
      return slurp_of_process("/proc/" + std::to_string(pid) + "/cmdline")
                 .find(std::string("\0train\0", 7)) == std::string::npos;
    });
    return children;
  }
  // Until a cell runs, or the sweep has ended.
  static void wait_for_a_cell(const Running& sweep_run) {
    for (int tick = 0; tick < 2000 && cells_of(sweep_run).empty(); ++tick) {
      siginfo_t info = {};
      if (::waitid(P_PID, static_cast<id_t>(sweep_run.pid()), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
          info.si_pid == sweep_run.pid())
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // False when one of them still runs after ten seconds.
  static bool wait_for_ends(const std::vector<pid_t>& processes) {
    for (int tick = 0; tick < 1000; ++tick) {
      if (std::none_of(processes.begin(), processes.end(), [](pid_t pid) { return ::kill(pid, 0) == 0; }))
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void expect_all_readable(const std::string& name) const {
    for (const std::string& c : cells(name)) {
      const fs::path folder = cell(name, c);
      for (const char* sealed : {"best.h5", "last.h5"}) {
        if (fs::exists(folder / sealed)) {
          EXPECT_NO_THROW(data::check_seal(folder / sealed)) << folder;
        }
      }
      if (fs::exists(folder / "run.h5")) {
        EXPECT_NO_THROW(data::h5::Reader(folder / "run.h5").string("summary_json")) << folder;
      }
      if (fs::exists(folder / "summary.json")) {
        EXPECT_TRUE(summary_of(folder).is_object()) << folder;
      }
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
  // The sweep alone, or its cells as well, at moments that differ: while it starts, and within its cells.
  for (const int delay_ms : {20, 40, 130, 80, 220, 10, 310, 170, 60, 400, 250, 5}) {
    Running sweep_run(folder_, "study",
                      Words{"compare", "--no-latency", "--no-page", "--resamples", "100"} + longer() +
                          Words{"--out", "killed"});
    if (kills > 0) wait_for_a_cell(sweep_run);
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const std::vector<pid_t> children = children_of(sweep_run.pid());
    sweep_run.send(SIGKILL);
    if (kills++ % 2 == 0)
      for (const pid_t child : children) ::kill(child, SIGKILL);
    sweep_run.wait();
    ASSERT_TRUE(wait_for_ends(children)) << "a cell outlived its sweep";
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

TEST_F(StudyCompareKill, InterruptStopsTheCellsAndSaysHowToResume) {
  ASSERT_EQ(compare(longer() + Words{"--out", "whole"}).code, 0);
  for (const int signal_number : {SIGINT, SIGTERM}) {
    Running sweep_run(folder_, "study",
                      Words{"compare", "--no-latency", "--no-page", "--resamples", "100"} + longer() +
                          Words{"--out", "stopped"});
    wait_for_a_cell(sweep_run);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    sweep_run.send(signal_number);
    const Finished end = sweep_run.wait();
    EXPECT_EQ(end.code, 130);
    EXPECT_THAT(end.err, HasSubstr("resume with: study compare --out " + sweep("stopped").string()));
    for (const std::string& c : cells("stopped")) EXPECT_FALSE(sweep::is_being_written(cell("stopped", c)));
  }
  const Finished done = compare({"--out", "stopped", "--progress", "none"});
  ASSERT_EQ(done.code, 0) << done.err;
  ASSERT_EQ(cells("stopped"), cells("whole"));
  for (const std::string& c : cells("whole")) expect_same_run(cell("whole", c), cell("stopped", c));
  expect_no_epoch_twice("stopped");
}

// These cells would run for hours.
TEST_F(StudyCompareKill, CellsDoNotOutliveTheirSweep) {
  const Words words =
      with(small(), "--epochs", "1000000") + split_words("--patience 0 --variants avgpool --seeds 1 --out s");
  for (const int signal_number : {SIGKILL, SIGHUP, SIGTERM}) {
    Running sweep_run(folder_, "study",
                      Words{"compare", "--no-latency", "--no-page", "--resamples", "100"} + words);
    wait_for_a_cell(sweep_run);
    const std::vector<pid_t> children = cells_of(sweep_run);
    ASSERT_EQ(children.size(), 1U);
    sweep_run.send(signal_number);
    sweep_run.wait();
    EXPECT_TRUE(wait_for_ends(children)) << "after signal " << signal_number;
    for (const pid_t child : children)
      ::kill(child, SIGKILL);  // were it so, it must not run on after the test
  }
}

TEST_F(StudyCompareKill, ACellKilledFromOutsideIsReportedAndResumed) {
  Running sweep_run(folder_, "study",
                    Words{"compare", "--no-latency", "--no-page", "--resamples", "100"} + longer() +
                        split_words("--variants maxpool,strided --out s"));
  // The estimates come first, in processes of their own that hold no cell.
  wait_for_a_cell(sweep_run);
  const std::vector<pid_t> children = cells_of(sweep_run);
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
