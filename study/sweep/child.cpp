#include "study/sweep/child.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernels/base/error.hpp"

namespace dsx::sweep {

pid_t start_child(const std::vector<std::string>& args, const std::filesystem::path& log) {
  const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0)
    throw OutputError(fmt::format("{}: cannot be written: {}", log.string(), std::strerror(errno)));
  try {
    const pid_t pid = start_own_program("study", args, {descriptor, true});
    ::close(descriptor);
    return pid;
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

void stop_child(pid_t pid) { ::kill(pid, SIGTERM); }

}  // namespace dsx::sweep
