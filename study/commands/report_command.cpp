// `study report`: the statistics of a sweep that has run, again and without training, and the page that a
// script draws from them.
#include <fmt/core.h>

#include <filesystem>

#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/commands.hpp"
#include "study/findings/finish.hpp"
#include "study/findings/finish_flags.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"
#include "study/sweep/sweep_tracking.hpp"

namespace dsx::commands {
namespace {

const std::vector<std::string> kReportKeys{"threads", "oversubscribe", "progress"};

constexpr const char* kReportHelp =
    R"(study report: statistics, verdicts and report.html of a sweep that has run. Trains nothing.

Usage: study report DIR [FLAGS]

DIR is the folder of a `study compare`; finished cells of several machines may lie side by side in its cells/. Shifted
images and latency are taken from DIR when they were computed before, else computed now.

)";

constexpr const char* kFiles = R"(
Files in DIR:
  compare.h5, compare.json, tables/*.csv   all numbers (docs/comparison_files.md describes them)
  report/report.html, report.md, figures/  drawn from them by scripts/report

)";

}  // namespace

int report_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "report";
  syntax.keys = kReportKeys;
  syntax.max_positional = 1;
  findings::add_finish_flags(syntax.extra);
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}{}{}", kReportHelp, findings::finish_flags_help(), kFiles,
               settings::settings_help(kReportKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.empty())
    throw ConfigError("study report needs the folder of a study compare: study report results/compare/NAME");
  const std::filesystem::path folder = std::filesystem::absolute(line.positional[0]).lexically_normal();
  findings::FinishOptions options = findings::finish_options_of(line);
  options.threads = settings::apply_threads(line.settings).used;
  const int code = findings::finish_compare(folder, options);
  sweep::track_report(folder);
  return code;
}

}  // namespace dsx::commands
