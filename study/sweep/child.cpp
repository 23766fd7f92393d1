// fork and exec, because posix_spawn knows no parent-death signal. Everything that allocates comes before the
// fork.
#include "study/sweep/child.hpp"

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

namespace dsx::sweep {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";
constexpr int kCannotStart = 127;  // as shells say it

ChildEnd end_of(int status) {
  ChildEnd end;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, int log, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kCannotStart);  // it died before the line above
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  unbind_thread();
  ::execv(kOwnProgram, argv);
  ::_exit(kCannotStart);
}

}  // namespace

pid_t start_child(const std::vector<std::string>& args, const std::filesystem::path& log) {
  const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0)
    throw OutputError(fmt::format("{}: cannot be written: {}", log.string(), std::strerror(errno)));
  std::string program = "study";
  std::vector<std::string> words = args;
  std::vector<char*> argv = {program.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), descriptor, parent);
  const int error = errno;
  ::close(descriptor);
  if (pid < 0)
    throw UnsupportedError(fmt::format("cannot start another process ({}): {}; use fewer --jobs, or raise it",
                                       std::strerror(error), process_limit_text()));
  return pid;
}

std::optional<ChildEnd> poll_child(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return end_of(status);
}

void stop_child(pid_t pid) { ::kill(pid, SIGTERM); }

ChildEnd wait_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return end_of(status);
}

}  // namespace dsx::sweep
