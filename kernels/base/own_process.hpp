// This program once more, as a process of its own: what goes wrong stays inside it, and its memory, addresses
// and libraries' states are fresh. fork and exec, because posix_spawn knows no parent-death signal.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace dsx {

struct OwnProcessOptions {
  int output = -1;     // descriptor that becomes its standard output; -1: this process's
  bool apart = false;  // standard error goes there, too; no standard input; a process group of its own, which
                       // a Ctrl-C does not reach
};
// Called `name` in lists of processes. It gets a SIGTERM when this process dies, however it dies, and may run
// on all CPUs of this one. Throws UnsupportedError when the system refuses another process.
pid_t start_own_program(const std::string& name, const std::vector<std::string>& words,
                        const OwnProcessOptions& options);

struct ProcessEnd {
  int code = 0;    // exit code, when signal is 0
  int signal = 0;  // that killed it
  bool ok() const { return code == 0 && signal == 0; }
};
std::optional<ProcessEnd> poll_process(pid_t pid);  // nothing while it runs
ProcessEnd wait_process(pid_t pid);

}  // namespace dsx
