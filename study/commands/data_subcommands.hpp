// The commands below `study data`. Each is one row of the table in data_command.cpp and one file
// data_<name>.cpp, as the commands of `study` are; what they share stands here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/loading/open.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/command_line.hpp"

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

int data_import(const std::vector<std::string>& args);
int data_show(const std::vector<std::string>& args);
int data_audit(const std::vector<std::string>& args);
int data_clean(const std::vector<std::string>& args);
int data_issues(const std::vector<std::string>& args);

// Settings that every one of them takes.
const std::vector<std::string>& data_keys();

// The settings' data options with another source.
data::DataOptions data_options(const settings::Settings& settings, const std::string& source);

// One source named by the only positional word. Throws ConfigError when there is none.
const std::string& only_source(const settings::CommandLine& line, const std::string& subcommand);

// A bar called `label` that is made at the first call, when the number of images is known; it lives as long
// as `bar`. Throws Interrupted with `stopped` after a signal.
data::Progress progress_of(const settings::Settings& settings, std::optional<cli::ProgressBar>& bar,
                           std::string label, std::string stopped);

// --jobs, checked.
int checked_jobs(const settings::CommandLine& line);

// Throws OutputError when `out` is a folder, or exists and may not be replaced.
void refuse_existing(const std::filesystem::path& out, bool force);

// Opens the source as it is stored, under a bar.
std::unique_ptr<data::Dataset> open_with_bar(const settings::Settings& settings, const std::string& source);

// The size that a study of this data has: an HDF5 file keeps the size it was made with.
void take_shape(settings::Settings& settings, const data::Dataset& dataset);

}  // namespace dsx::commands
