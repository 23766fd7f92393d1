#include "study/findings/report_script.hpp"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
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

constexpr const char* kReadyMark =
    "ready: ";  // what the script's --check begins with when nothing is missing

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

// Where the script is; `looked`: where it is not.
std::optional<fs::path> find_script(std::string& looked) {
  for (const fs::path& script : candidates()) {
    if (::access(script.c_str(), X_OK) == 0) return script;
    looked += (looked.empty() ? "" : ", ") + script.string();
  }
  return std::nullopt;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(cli::ExitCode::internal);
}

// Runs the program that words[0] names and returns its exit code.
int run_words(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0)
    throw UnsupportedError(
        fmt::format("cannot start {} ({}): {}", words[0], std::strerror(errno), process_limit_text()));
  if (pid == 0) {
    // The page asks this program which operators there are.
    std::error_code ignored;
    ::setenv("DOWNSCALEXR_STUDY", fs::read_symlink("/proc/self/exe", ignored).c_str(), 1);
    unbind_thread();
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of(status);
}

}  // namespace

int run_report_script(const fs::path& folder, const fs::path& explained) {
  std::string looked;
  const std::optional<fs::path> script = find_script(looked);
  if (!script) {
    fmt::print(
        "report.html is not drawn: no scripts/report was found ({}); all numbers are in the files above\n",
        looked);
    return static_cast<int>(cli::ExitCode::ok);
  }
  std::vector<std::string> words{script->string(), folder.string()};
  if (!explained.empty()) words.insert(words.end(), {"--explain", explained.string()});
  const int code = run_words(words);
  if (code == static_cast<int>(cli::ExitCode::unsupported)) {  // it has said what it lacks
    fmt::print(stderr, "study: all tables are written; to draw the page from them later: {} {}\n",
               bench::shell_quoted(script->string()), bench::shell_quoted(folder.string()));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (code != 0)
    fmt::print(stderr, "study: {} ended with code {}; the numbers are complete\n", script->string(), code);
  return code;
}

ScriptState report_script_state() {
  std::string looked;
  const std::optional<fs::path> script = find_script(looked);
  if (!script)
    return {false, fmt::format("no scripts/report was found ({})", looked),
            "run this program where it was built or installed"};
  std::fflush(nullptr);
  const std::string command = bench::shell_quoted(script->string()) + " --check 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) return {false, fmt::format("cannot start {}: {}", script->string(), process_limit_text()), ""};
  char line[1024] = "";
  const bool said = std::fgets(line, sizeof line, pipe.get()) != nullptr;
  std::string text = said ? line : script->string() + " said nothing";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.starts_with(kReadyMark)) return {true, text.substr(std::strlen(kReadyMark)), ""};
  return {false, text, "scripts/setup --report, or the command in brackets"};
}

}  // namespace dsx::findings
