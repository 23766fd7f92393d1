// The commands of `study`. Each is one row of the table in command.cpp and one file <name>_command.cpp: the
// table drives the dispatch, `study --help` and the suggestions for a mistyped command.
#pragma once

#include <string>
#include <vector>

namespace dsx::commands {

// `args` come after the command's name. A command prints its result on stdout, handles its own --help, and
// throws the types of kernels/base/error.hpp; the value is the exit code of a run that came to its end.
using CommandFunction = int (*)(const std::vector<std::string>& args);

// One command below another, as `study data audit`.
struct CommandPart {
  std::string name, usage, help;
};

struct Command {
  std::string name;
  std::string help;   // one line for `study --help`
  std::string usage;  // what follows the name: "[FLAGS]"
  CommandFunction run;
  bool hidden = false;                            // started by this program itself, not by people
  std::vector<CommandPart> (*parts)() = nullptr;  // the commands below it, which `study --help` lists instead
};

const std::vector<Command>& command_table();

// Runs the command that args[0] names; `train` when there is none or the first argument is a flag. Throws
// ConfigError with the nearest name for an unknown one.
int run_command(const std::vector<std::string>& args);

std::vector<CommandPart> data_parts();

// One function per row. `train` is in train_command.cpp, and so on.
int train_command(const std::vector<std::string>& args);
int plan_command(const std::vector<std::string>& args);
int compare_command(const std::vector<std::string>& args);
int data_command(const std::vector<std::string>& args);
int report_command(const std::vector<std::string>& args);
int sync_command(const std::vector<std::string>& args);
int list_command(const std::vector<std::string>& args);
int predict_command(const std::vector<std::string>& args);
int export_command(const std::vector<std::string>& args);
int import_command(const std::vector<std::string>& args);
int explain_command(const std::vector<std::string>& args);
int latency_probe_command(const std::vector<std::string>& args);
int latency_load_command(const std::vector<std::string>& args);
int worker_command(const std::vector<std::string>& args);

// `study --help`: settings by group with defaults and units, commands, operators, examples, exit codes.
std::string help_page();
// `study --version`: ours with its commit, and oneDNN's.
std::string version_line();

}  // namespace dsx::commands
