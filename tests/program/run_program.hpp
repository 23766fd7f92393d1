// Runs the real programs as a user would: a process with arguments, its output in files, its exit code,
// signals sent from outside, and a folder of its own that is gone afterwards.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace dsx {

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Finished {
  int code = -1;         // exit code, or 128 + signal as shells say it
  std::string out, err;  // stdout and stderr
};

// A program that is running. Its output goes to files, so that it can be looked at meanwhile.
class Running {
 public:
  // `before_exec` runs in the child: limits, signal dispositions.
  Running(const std::filesystem::path& folder, const std::string& program,
          const std::vector<std::string>& args, const std::function<void()>& before_exec = {})
      : out_(folder / "stdout.txt"), err_(folder / "stderr.txt") {
    const std::string path = std::string(DOWNSCALEXR_BIN_DIR) + "/" + program;
    std::vector<char*> argv = {const_cast<char*>(path.c_str())};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    std::filesystem::remove(out_);  // an earlier program's output must not be taken for this one's
    std::filesystem::remove(err_);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (::chdir(folder.c_str()) != 0 || !std::freopen(out_.c_str(), "w", stdout) ||
        !std::freopen(err_.c_str(), "w", stderr) || !std::freopen("/dev/null", "r", stdin))
      ::_exit(127);
    if (before_exec) before_exec();
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  ~Running() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // Waits until stdout holds `text`; false when the program ended or a minute passed without it.
  bool wait_for(const std::string& text) {
    for (int tick = 0; tick < 6000; ++tick) {
      if (slurp(out_).find(text) != std::string::npos) return true;
      siginfo_t info = {};
      if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid == pid_)
        return slurp(out_).find(text) != std::string::npos;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  pid_t pid() const { return pid_; }
  void send(int signal_number) const { ::kill(pid_, signal_number); }
  Finished wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(out_), slurp(err_)};
  }

 private:
  std::filesystem::path out_, err_;
  pid_t pid_ = -1;
};

// A test with a folder of its own, which is also the programs' working directory.
class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("program_" + std::to_string(::getpid()) + "_" + test->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Finished run(const std::string& program, const std::vector<std::string>& args,
               const std::function<void()>& before_exec = {}) const {
    return Running(folder_, program, args, before_exec).wait();
  }

  std::filesystem::path folder_;
};

}  // namespace dsx
