// `study --help`, made from the tables of settings, commands and operators: nothing is listed twice.
#include "study/commands/help.hpp"

#include <fmt/core.h>

#include "kernels/base/version.hpp"
#include "kernels/onednn/context.hpp"
#include "study/commands/command.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {
namespace {

constexpr const char* kIntroduction =
    R"(study: what does the way a small network shrinks its image early on (average pooling, max pooling,
a strided convolution, ...) do to its accuracy, its errors and its speed on a CPU?

Usage:
  study [SETTINGS]          train, evaluate and time one network
  study COMMAND [...]       another command; `study COMMAND --help` explains it
  study --version           this program's and oneDNN's version

)";

constexpr const char* kStudyExamples = R"(Examples:
  study --variant maxpool                            the built-in data, under two minutes
  study --variant strided --data chest_xray --epochs 10 --seed 3
  study --config my.yaml --lr 0.02                   a YAML file of settings; the flag wins
  study compare --data chest_xray --seeds 5          all variants, means over seeds
  study --resume results/runs/NAME                   resume a run that was stopped
  study --latency-only --batch 1 --threads 2         time a forward pass, no data needed
  study --repeat-for 30 --variant maxpool            keeps it running, for perf or VTune

)";

constexpr const char* kExitCodes = R"(Exit codes:
  0 done                        4 output cannot be written (exists, no permission, disk full)
  1 internal error              5 not possible on this CPU or with this oneDNN
  2 wrong flag or setting       6 training diverged (loss is not finite)
  3 unusable data or checkpoint 130 interrupted (Ctrl-C); the last epoch's state is kept
)";

std::string line_of(const std::string& name, const std::string& usage, const std::string& help) {
  constexpr std::size_t kUsageWidth = 46;
  const std::string call = fmt::format("{} {}", name, usage);
  return call.size() > kUsageWidth ? fmt::format("  {}\n  {:<{}} {}\n", call, "", kUsageWidth, help)
                                   : fmt::format("  {:<{}} {}\n", call, kUsageWidth, help);
}

std::string commands_text() {
  std::string text = "Commands:\n";
  for (const Command& command : command_table()) {
    if (command.hidden) continue;
    if (command.parts == nullptr) text += line_of(command.name, command.usage, command.help);
    for (const CommandPart& part : command.parts == nullptr ? std::vector<CommandPart>{} : command.parts())
      text += line_of(command.name + " " + part.name, part.usage, part.help);
  }
  return text + "\n";
}

}  // namespace

std::string help_page() {
  return kIntroduction + commands_text() +
         "Settings, with [default]. Each is also a key of a YAML file (--config), with '_' for '-'.\n"
         "Switches take no value, or one after '=': --equalize, --equalize=false.\n\n" +
         settings::settings_help() + kStudyExamples + kExitCodes;
}

std::string version_line() {
  const kernels::OneDnnInfo info = kernels::onednn_info();
  return fmt::format("study {} (commit {}), oneDNN {} ({}, {})", kProgramVersion, kProgramCommit,
                     info.version, info.build_hash, info.threading_runtime);
}

}  // namespace dsx::commands
