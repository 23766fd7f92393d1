#include "study/commands/data_options.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/data_subcommands.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::commands {

namespace fs = std::filesystem;

const std::vector<std::string>& data_keys() {
  static const std::vector<std::string> keys{
      "size",   "channels", "resize",    "positive",      "skip_bad_images", "intensity_range", "subject",
      "labels", "finding",  "uncertain", "label_columns", "cache_dir",       "progress"};
  return keys;
}

data::DataOptions data_options(const settings::Settings& settings, const std::string& source) {
  data::DataOptions options = settings::image_options(settings);
  options.source = source;
  return options;
}

const std::string& only_source(const settings::CommandLine& line, const std::string& subcommand) {
  for (const DataSubcommand& command : data_subcommands())
    if (command.name == subcommand && line.positional.empty())
      throw ConfigError(fmt::format("study data {}: which data? e.g. study data {} {}", subcommand,
                                    subcommand, command.usage));
  return line.positional.at(0);
}

data::Progress progress_of(const settings::Settings& settings, std::optional<cli::ProgressBar>& bar,
                           std::string label, std::string stopped) {
  return [mode = cli::progress_mode(settings.progress), &bar, label = std::move(label),
          stopped = std::move(stopped)](std::size_t done, std::size_t total) {
    cli::check_interrupt(stopped);
    if (!bar) bar.emplace(mode, label, total);
    bar->update(done, "");
    if (done == total) bar->finish();
  };
}

int checked_jobs(const settings::CommandLine& line) {
  const int jobs = line.extra["jobs"].as<int>();
  if (jobs < 0) throw ConfigError(fmt::format("jobs: {} is negative; 0 uses every CPU", jobs));
  return jobs;
}

void refuse_existing(const fs::path& out, bool force) {
  std::error_code error;
  if (fs::is_directory(out, error))
    throw OutputError(fmt::format("{}: is a folder; give a file name", out.string()));
  if (fs::exists(out, error) && !force)
    throw OutputError(
        fmt::format("{}: exists already; choose another name, or replace it with --force", out.string()));
}

std::unique_ptr<data::Dataset> open_with_bar(const settings::Settings& settings, const std::string& source) {
  data::DataOptions options = data_options(settings, source);
  std::optional<cli::ProgressBar> bar;
  options.progress = progress_of(settings, bar, "import", "stopped during the import; nothing was written");
  return data::open_as_stored(options);
}

void take_shape(settings::Settings& settings, const data::Dataset& dataset) {
  const data::ImageShape shape = dataset.shape();
  if (shape.height != shape.width)
    throw DataError(fmt::format("{}: a study needs square images, these are {} x {}", dataset.description(),
                                shape.height, shape.width));
  settings.size = shape.height;
  settings.channels = shape.channels;
}

}  // namespace dsx::commands
