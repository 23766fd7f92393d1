// `study --help` and `study --version`.
#pragma once

#include <string>

namespace dsx::commands {

// `study --help`: settings by group with defaults and units, commands, operators, examples, exit codes.
std::string help_page();
// `study --version`: ours with its commit, and oneDNN's.
std::string version_line();

}  // namespace dsx::commands
