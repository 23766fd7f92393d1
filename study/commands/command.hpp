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

}  // namespace dsx::commands
