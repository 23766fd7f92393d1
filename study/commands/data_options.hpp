// What the commands below `study data` share: their settings, their source, their bar.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/loading/open.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {

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
