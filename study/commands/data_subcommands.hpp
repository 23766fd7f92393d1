// The commands below `study data`: one row each, and one file data_<name>.cpp, as the commands of `study`
// are.
#pragma once

#include <string>
#include <vector>

namespace dsx::commands {

struct DataSubcommand {
  std::string name;
  std::string usage;  // what follows the name
  std::string help;   // one line
  std::string flags;  // lines of the flags that are its own
  int (*run)(const std::vector<std::string>& args);
  const std::vector<std::string>& (*keys)();  // settings it takes; empty: all of them
};
const std::vector<DataSubcommand>& data_subcommands();

// The functions of its rows: data_<name> is in data_<name>.cpp.
int data_import(const std::vector<std::string>& args);
int data_show(const std::vector<std::string>& args);
const std::vector<std::string>& data_audit_keys();
int data_audit(const std::vector<std::string>& args);
int data_clean(const std::vector<std::string>& args);
int data_issues(const std::vector<std::string>& args);

}  // namespace dsx::commands
