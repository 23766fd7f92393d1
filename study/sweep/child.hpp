// One cell as a process of its own, so that a crash, a full memory or oneDNN's state stays inside it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/base/own_process.hpp"

namespace dsx::sweep {

// Starts this program again with `args`, its output appended to `log`, apart from this one's terminal
// (kernels/base/own_process.hpp). Throws OutputError when the log cannot be opened, UnsupportedError when no
// process can be made.
pid_t start_child(const std::vector<std::string>& args, const std::filesystem::path& log);
void stop_child(pid_t pid);  // SIGTERM: it keeps its last epoch and ends

}  // namespace dsx::sweep
