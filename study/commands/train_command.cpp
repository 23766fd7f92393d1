// `study [SETTINGS]`: reads the command line, goes back to an earlier run's settings when it resumes, and
// hands over to the study or to the latency-only mode.
#include <fmt/core.h>

#include <filesystem>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/help.hpp"
#include "study/run/latency_only.hpp"
#include "study/run/opened_run.hpp"
#include "study/run/train_run.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/settings/waiting.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;

// A resumed run keeps what decides its numbers; a changed value is refused, the same value given again is
// fine.
void refuse_changes(const settings::CommandLine& line, const settings::Settings& before) {
  for (const settings::Field& field : settings::setting_fields()) {
    const auto source = line.sources.find(field.key);
    if (source == line.sources.end()) continue;
    const bool place = field.key == "name" || field.key == "out";
    if (place) throw ConfigError(source->second + ": a resumed run stays in its folder");
    const std::string old_value = settings::value_text(before, field);
    if (field.on_resume == settings::OnResume::fixed &&
        settings::value_text(line.settings, field) != old_value)
      throw ConfigError(fmt::format("{}: a resumed run keeps its {} ({}); start a new run to change it",
                                    source->second, field.key, old_value));
  }
}

// More epochs stretch a schedule that depends on their number: fine, but not what an uninterrupted run would
// have done.
void warn_of_stretching(const settings::CommandLine& line, const settings::Settings& before) {
  if (line.settings.epochs == before.epochs || line.settings.schedule != "cosine") return;
  fmt::print(stderr,
             "study: warning: the cosine schedule now spans {}, not {}: the learning rate jumps here\n",
             counted(line.settings.epochs, "epoch"), before.epochs);
}

// Latency can be measured with other threads, batches and layouts; only what the weights belong to stays.
void refuse_other_network(const settings::CommandLine& line, const settings::Settings& before) {
  for (const char* key : {"variant", "network", "size", "channels"}) {
    const settings::Field& field = *settings::find_field(key);
    if (settings::value_text(line.settings, field) != settings::value_text(before, field))
      throw ConfigError(fmt::format("{}: the weights of this run are for {} {}", settings::flag_of(field),
                                    key, settings::value_text(before, field)));
  }
}

bool is_latency_only(const settings::Settings& settings) {
  return settings.latency_only || settings.repeat_for > 0;
}

void refuse_dtype(const settings::Settings& settings) {
  if (settings.dtype == "f32") return;
  throw ConfigError(
      fmt::format("dtype: training runs in f32; {} is for --latency-only, `study predict` and `study plan`",
                  settings.dtype));
}

}  // namespace

int train_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "train";
  settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}", help_page());
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (!is_latency_only(line.settings)) {
    refuse_dtype(line.settings);
    settings::wait_briefly();
  }
  if (!line.settings.resume.empty()) {
    const settings::Settings before = run::settings_of_run(line.settings.resume);
    line = settings::parse_command_line(args, syntax, before);
    if (is_latency_only(line.settings)) {
      refuse_other_network(line, before);
    } else {
      refuse_changes(line, before);
      warn_of_stretching(line, before);
    }
  }
  settings::make_paths_absolute(line.settings);
  const run::RunRequest request{line.settings, line.sources, bench::own_command_line()};
  if (is_latency_only(request.settings)) {
    if (!request.settings.track.empty() && request.settings.track != "off")
      fmt::print(stderr, "study: warning: --track: runs that only measure latency are not tracked\n");
    run::run_latency_only(request);
  } else {
    run::train_run(request);
  }
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
