// One cell as a process of its own, so that a crash, a full memory or oneDNN's state stays inside it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dsx::sweep {

// Starts this program again with `args`, its output appended to `log`. The child gets a SIGTERM when this
// process dies, however it dies, and a process group of its own, so that a Ctrl-C reaches it only through
// stop_child(). Throws OutputError when the log cannot be opened or no process can be made.
pid_t start_child(const std::vector<std::string>& args, const std::filesystem::path& log);

struct ChildEnd {
  int code = 0;    // exit code, when signal is 0
  int signal = 0;  // that killed it
};
// Nothing while it runs.
std::optional<ChildEnd> poll_child(pid_t pid);
void stop_child(pid_t pid);  // SIGTERM: it keeps its last epoch and ends
ChildEnd wait_child(pid_t pid);

}  // namespace dsx::sweep
