// `study report`: the statistics of a sweep that has run, again and without training, and the page that a
// script draws from them.
#include <fmt/core.h>

#include <filesystem>

#include "kernels/error.hpp"
#include "study/command.hpp"
#include "study/command_line.hpp"
#include "study/compare/analysis.hpp"
#include "study/compare/finish_flags.hpp"
#include "study/exit_code.hpp"
#include "study/sweep_tracking.hpp"
#include "study/threads.hpp"

namespace dsx {
namespace {

const std::vector<std::string> kKeys{"threads", "oversubscribe", "progress"};

constexpr const char* kHelp =
    R"(study report: statistics, verdicts and report.html of a sweep that has run. Trains nothing.

Usage: study report DIR [FLAGS]

DIR is the folder of a `study compare`; finished cells of several machines may lie in its cells/ together. Shifted
images and latency are taken from DIR when they were computed before, else computed now.

)";

constexpr const char* kFiles = R"(
Files in DIR:
  compare.h5, compare.json, tables/*.csv   all numbers (study/compare/RESULTS.md describes them)
  report/report.html, report.md, figures/  drawn from them by scripts/report

)";

}  // namespace

int report_command(const std::vector<std::string>& args) {
  CommandSyntax syntax;
  syntax.command = "report";
  syntax.keys = kKeys;
  syntax.max_positional = 1;
  add_finish_flags(syntax.extra);
  const CommandLine line = parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}{}{}", kHelp, finish_flags_help(), kFiles, settings_help(kKeys));
    return static_cast<int>(ExitCode::ok);
  }
  if (line.positional.empty())
    throw ConfigError("study report needs the folder of a study compare: study report results/compare/NAME");
  const std::filesystem::path folder = std::filesystem::absolute(line.positional[0]).lexically_normal();
  FinishOptions options = finish_options_of(line);
  options.threads = apply_threads(line.settings).used;
  const int code = finish_compare(folder, options);
  track_report(folder);
  return code;
}

}  // namespace dsx
