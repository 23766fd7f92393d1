// One parser for every command's flags: settings (all, or the few a command knows), the command's own flags,
// and positional words. YAML given with --config is applied first, so that a flag wins.
#pragma once

#include <boost/program_options.hpp>
#include <map>
#include <string>
#include <vector>

#include "study/settings/settings.hpp"

namespace dsx::settings {

struct CommandSyntax {
  std::string command;                                     // "plan"; named in messages
  std::vector<std::string> keys;                           // settings it takes; empty: all of them
  boost::program_options::options_description extra = {};  // its own flags
  int max_positional = 0;
  std::map<std::string, std::string> aliases = {};  // old spellings of flags: cli/flags.hpp
};

struct CommandLine {
  Settings settings;
  Sources sources;  // of the settings that do not have their default
  boost::program_options::variables_map extra;
  std::vector<std::string> positional;
  bool help = false;  // --help or -h was among the arguments; nothing else was checked
};

// Throws ConfigError that names the flag, what is allowed, and the nearest known flag for an unknown one.
// Settings are checked (check_settings).
CommandLine parse_command_line(const std::vector<std::string>& args, const CommandSyntax& syntax,
                               const Settings& defaults = {});

// Help lines of the settings a command takes: "  --lr NUMBER   learning rate [0.01]"; behind them the table
// of operators where --variant is one of them. `instead`: what a command shows for a key in place of its
// default.
std::string settings_help(const std::vector<std::string>& keys = {},
                          const std::map<std::string, std::string>& instead = {});

// The table of downsampling operators; for commands whose flag is not --variant.
std::string operators_help(const std::string& flag = "--variant");

}  // namespace dsx::settings
