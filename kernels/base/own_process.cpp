#include "kernels/base/own_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";
constexpr int kCannotStart = 127;  // as shells say it

ProcessEnd end_of(int status) {
  ProcessEnd end;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, const OwnProcessOptions& options, pid_t parent) {
  if (options.apart) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kCannotStart);  // it died before the line above
  if (options.apart) {
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  }
  if (options.output >= 0) ::dup2(options.output, STDOUT_FILENO);
  if (options.apart) ::dup2(STDOUT_FILENO, STDERR_FILENO);
  unbind_thread();
  ::execv(kOwnProgram, argv);
  ::_exit(kCannotStart);
}

}  // namespace

pid_t start_own_program(const std::string& name, const std::vector<std::string>& words,
                        const OwnProcessOptions& options) {
  // Everything that allocates comes before the fork.
  std::string program = name;
  std::vector<std::string> kept = words;
  std::vector<char*> argv = {program.data()};
  for (std::string& word : kept) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), options, parent);
  if (pid < 0)
    throw UnsupportedError(fmt::format("cannot start another process ({}): {}; raise it",
                                       std::strerror(errno), process_limit_text()));
  return pid;
}

std::optional<ProcessEnd> poll_process(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return end_of(status);
}

ProcessEnd wait_process(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return end_of(status);
}

}  // namespace dsx
