#include "study/findings/report_script.hpp"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/measure/environment.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"
#include "study/cli/exit_code.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;

// <source>/build/<preset>/bin/study and <prefix>/bin/study.
std::vector<fs::path> candidates() {
  std::error_code ignored;
  const fs::path bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::vector<fs::path> paths;
  for (fs::path up = bin; up.has_relative_path() && paths.size() < 3; up = up.parent_path())
    paths.push_back(up.parent_path() / "scripts" / "report");
  paths.push_back(bin.parent_path() / "share" / "downscalexr" / "scripts" / "report");
  return paths;
}

int exit_code_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(cli::ExitCode::internal);
}

}  // namespace

int run_report_script(const fs::path& folder, const fs::path& explained) {
  std::string looked;
  for (const fs::path& script : candidates()) {
    if (::access(script.c_str(), X_OK) != 0) {
      looked += (looked.empty() ? "" : ", ") + script.string();
      continue;
    }
    std::fflush(nullptr);
    std::vector<std::string> words{script.string(), folder.string()};
    if (!explained.empty()) words.insert(words.end(), {"--explain", explained.string()});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string& program = words.front();
    const pid_t pid = ::fork();
    if (pid < 0)
      throw UnsupportedError(
          fmt::format("cannot start {} ({}): {}", program, std::strerror(errno), process_limit_text()));
    if (pid == 0) {
      // The page asks this program which operators there are.
      std::error_code ignored;
      ::setenv("DOWNSCALEXR_STUDY", fs::read_symlink("/proc/self/exe", ignored).c_str(), 1);
      unbind_thread();
      ::execv(program.c_str(), arguments.data());
      ::_exit(127);
    }
    const int code = exit_code_of(pid);
    if (code == static_cast<int>(cli::ExitCode::unsupported)) {  // it has said what it lacks
      fmt::print(stderr, "study: all tables are written; to draw the page from them later: {} {}\n",
                 bench::shell_quoted(program), bench::shell_quoted(folder.string()));
      return static_cast<int>(cli::ExitCode::ok);
    }
    if (code != 0)
      fmt::print(stderr, "study: {} ended with code {}; the numbers are complete\n", program, code);
    return code;
  }
  fmt::print(
      "report.html is not drawn: no scripts/report was found ({}); all numbers are in the files above\n",
      looked);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::findings
