// `study export`: a run's weights or predictions for other programs. The formats are the rows of
// study/exchange/export_formats.cpp.
#include <fmt/core.h>

#include <filesystem>

#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/commands.hpp"
#include "study/exchange/export_formats.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr const char* kExportHelp = R"(study export: a run's network or predictions for other programs

Usage:
  study export RUN --format NAME [--out PATH] [--checkpoint best|last] [--force]

RUN is a run's folder. ONNX files take any batch size; what the input must look like (size, mean, std), the threshold
and the classes are in metadata_props. safetensors files carry the same in their metadata, and `study import` reads
them back.

  --format NAME        see below
  --out PATH           file to write (medmnist: folder) [below RUN, named after the checkpoint]
  --checkpoint NAME    best or last [best]
  --force              replace a file that exists

)";

std::string export_help() {
  std::string text = kExportHelp + std::string("Formats:\n");
  for (const exchange::ExportFormat& format : exchange::export_formats())
    text += fmt::format("  {:<20} {}\n", format.name, format.help);
  return text;
}

fs::path place_for(const exchange::ExportFormat& format, const run::OpenedRun& run,
                   const po::variables_map& flags) {
  const bool folder = format.extension.empty();
  const fs::path fallback = run.folder / (folder ? format.name : run.checkpoint + format.extension);
  const fs::path out = flags.count("out") ? fs::path(flags["out"].as<std::string>()) : fallback;
  std::error_code error;
  if (folder) {
    fs::create_directories(out, error);
    if (error) throw OutputError(fmt::format("{}: cannot be made: {}", out.string(), error.message()));
    return out;
  }
  if (fs::is_directory(out, error)) throw OutputError(out.string() + ": is a folder; give a file name");
  if (fs::exists(out, error) && !flags["force"].as<bool>())
    throw OutputError(out.string() + ": exists already; choose another --out, or replace it with --force");
  return out;
}

}  // namespace

int export_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "export", .keys = {"progress"}, .max_positional = 1};
  syntax.extra.add_options()("format", po::value<std::string>(), "")("out", po::value<std::string>(), "")(
      "checkpoint", po::value<std::string>()->default_value("best"), "")("force", po::bool_switch(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}", export_help());
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.empty())
    throw ConfigError("study export: which run? e.g. study export RUN --format onnx");
  if (!line.extra.count("format"))
    throw ConfigError(
        "study export: as what? e.g. study export RUN --format onnx; `study export --help` lists all");
  const exchange::ExportFormat& format = exchange::export_format(line.extra["format"].as<std::string>());
  const fs::path folder = line.positional[0];
  const run::OpenedRun run =
      run::open_run(folder, line.extra["checkpoint"].as<std::string>(), run::settings_of_run(folder));
  const fs::path out = place_for(format, run, line.extra);
  const std::string written = format.write(run, out);
  fmt::print("{}: {}\n", out.string(), written);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
