// Boost.Program_options with this program's manners: every word that does not fit is one line that says what
// would. What flags there are, and what they mean, is for those who own them
// (study/settings/command_line.hpp).
#pragma once

#include <boost/program_options.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dsx::cli {

struct FlagSyntax {
  std::string command;  // "plan"; named in messages
  boost::program_options::options_description flags = {};
  int max_positional = 0;
  std::map<std::string, std::string> aliases =
      {};  // {"data-type", "dtype"}: an old spelling, not in any help
  // What another command takes, with that command: {"latency-iterations", "study train"}.
  std::map<std::string, std::string> elsewhere = {};
  // What "--lr" may be, for a message; empty for a flag that it does not know.
  std::function<std::string(const std::string& flag)> allowed = {};
};

struct ParsedFlags {
  boost::program_options::variables_map values;
  std::vector<std::string> positional;
};

// --help or -h is among the arguments.
bool asks_for_help(const std::vector<std::string>& args);

// Throws ConfigError that names the flag, what is allowed, and the nearest known flag for an unknown one.
ParsedFlags parse_flags(const std::vector<std::string>& args, const FlagSyntax& syntax);

}  // namespace dsx::cli
