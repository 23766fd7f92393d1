// `study mechanism`: what each operator does to a signal, and what the networks of a comparison do with it.
#include <fmt/core.h>

#include <filesystem>

#include "bench/measure/environment.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/number_flags.hpp"
#include "study/commands/commands.hpp"
#include "study/findings/mechanism_files.hpp"
#include "study/mechanism/mechanism.hpp"
#include "study/mechanism/mechanism_text.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const std::vector<std::string> kMechanismKeys{"threads", "oversubscribe", "progress"};

constexpr const char* kMechanismHelp =
    R"(study mechanism: what each downsampling operator does to a signal, and where the trained networks look

Usage:
  study mechanism [--out DIR]     operators alone, about a second: gratings, aliasing, noise, spots, shifts
  study mechanism DIR [FLAGS]     and the networks of the study compare in DIR: activations around each
                                  downsampling, how the logit is made up, occlusion maps, the border covered

Trains nothing. What was seen of a network is kept in its cell as mechanism.h5. docs/mechanism.md says how
each figure is made and how to read it.

  --seeds N       per variant, the first ones; networks trained on clean labels (or the least noise) [{}]
  --images N      test images per network that are looked at closely, half of each class [{}]
  --resamples N   of the bootstrap over seeds and patients [{}]
  --again         look again, even when mechanism.h5 has it
  --out DIR       where mechanism.json and tables/*.csv go [the comparison's folder; without one: nowhere]

Settings:
{})";

mechanism::MechanismOptions mechanism_options_of(const settings::CommandLine& line) {
  mechanism::MechanismOptions options;
  options.seeds = cli::count_flag(line.extra, "seeds", options.seeds, 1, 1000);
  options.images = cli::count_flag(line.extra, "images", options.images, 2, 100000);
  options.statistics.resamples =
      cli::count_flag(line.extra, "resamples", options.statistics.resamples, 100, 1000000);
  options.again = line.extra.count("again") != 0;
  options.statistics.progress = line.settings.progress;
  return options;
}

std::string mechanism_help() {
  const mechanism::MechanismOptions defaults;
  return fmt::format(fmt::runtime(kMechanismHelp), defaults.seeds, defaults.images,
                     defaults.statistics.resamples, settings::settings_help(kMechanismKeys));
}

}  // namespace

int mechanism_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "mechanism";
  syntax.keys = kMechanismKeys;
  syntax.max_positional = 1;
  auto add = syntax.extra.add_options();
  for (const char* name : {"seeds", "images", "resamples", "out"}) add(name, po::value<std::string>(), "");
  add("again", "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}", mechanism_help());
    return static_cast<int>(cli::ExitCode::ok);
  }
  mechanism::MechanismOptions options = mechanism_options_of(line);
  options.statistics.threads = settings::apply_threads(line.settings).used;
  fs::path out = line.extra.count("out") != 0 ? fs::path(line.extra["out"].as<std::string>()) : fs::path();
  mechanism::Mechanism found;
  if (line.positional.empty()) {
    for (const char* flag : {"seeds", "images", "resamples", "again"})
      if (line.extra.count(flag) != 0)
        throw ConfigError(fmt::format("--{} needs the folder of a study compare: study mechanism DIR", flag));
    found = mechanism::mechanism_of_signals();
  } else {
    const fs::path folder = fs::absolute(line.positional[0]).lexically_normal();
    found = mechanism::mechanism_of(analysis::load_cells(folder), options);
    if (out.empty()) out = folder;
  }
  fmt::print("{}", mechanism::mechanism_text(found));
  if (out.empty()) return static_cast<int>(cli::ExitCode::ok);
  findings::write_mechanism(out, bench::own_command_line(), found);
  fmt::print("\nAll figures: {0}/mechanism.json, {0}/tables/mechanism_*.csv\n", out.string());
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
