#include "bench/measure/processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <numeric>
#include <span>

#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::bench {

namespace {

// Between fork and exec: system calls only.
[[noreturn]] void become_anew(char* const* argv, int output, pid_t parent) {
  constexpr int cannot_start = 127;  // as shells say it
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(cannot_start);  // it died before the line above
  ::dup2(output, STDOUT_FILENO);
  unbind_thread();
  ::execv("/proc/self/exe", argv);
  ::_exit(cannot_start);
}

[[noreturn]] void refuse() {
  throw UnsupportedError(
      fmt::format("cannot start another process ({}): {}", std::strerror(errno), process_limit_text()));
}

}  // namespace

std::vector<ProcessTurn> process_order(std::size_t kinds, int each, std::uint64_t seed) {
  Random random({seed, 0x70726f63});
  std::vector<std::size_t> block(kinds);
  std::iota(block.begin(), block.end(), std::size_t{0});
  std::vector<ProcessTurn> turns;
  for (int number = 0; number < each; ++number) {
    random.shuffle(std::span(block));
    for (const std::size_t kind : block) turns.push_back({kind, number});
  }
  return turns;
}

ProcessEnd run_process(const std::string& program, const std::vector<std::string>& words) {
  std::string name = program;
  std::vector<std::string> kept = words;
  std::vector<char*> argv{name.data()};
  for (std::string& word : kept) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) refuse();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_anew(argv.data(), pipe[1], parent);
  ::close(pipe[1]);
  if (pid < 0) {
    ::close(pipe[0]);
    refuse();
  }
  ProcessEnd end;
  std::array<char, 65536> part{};
  for (ssize_t count = 1; count != 0;) {
    count = ::read(pipe[0], part.data(), part.size());
    if (count > 0) end.output.append(part.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) break;
  }
  ::close(pipe[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

}  // namespace dsx::bench
