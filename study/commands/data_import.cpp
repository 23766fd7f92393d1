// `study data import`: words around data/sources/import.hpp, which does the work.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "data/sources/binary_classes.hpp"
#include "data/sources/import.hpp"
#include "data/sources/source_kind.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/data_options.hpp"
#include "study/commands/data_subcommands.hpp"

namespace dsx::commands {
namespace po = boost::program_options;
namespace fs = std::filesystem;

int data_import(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "data", .keys = data_keys(), .max_positional = 1};
  syntax.extra.add_options()("out", po::value<std::string>(), "")(
      "jobs", po::value<int>()->default_value(0), "")("force", po::bool_switch(), "")("timing",
                                                                                      po::bool_switch(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  const std::string& source = only_source(line, "import");
  if (!line.extra.count("out")) throw ConfigError("study data import: where to? give --out FILE.h5");
  const fs::path out = line.extra["out"].as<std::string>();
  refuse_existing(out, line.extra["force"].as<bool>());
  const data::DataOptions data = data_options(line.settings, source);
  std::optional<cli::ProgressBar> bar;
  data::ImportOptions options{{data.size, data.channels, data.resize, data.intensity},
                              data.skip_bad_images,
                              line.extra["jobs"].as<int>(),
                              {},
                              data.subject};
  options.progress =
      progress_of(line.settings, bar, "import", "stopped during the import; nothing was written");
  const data::SourceKind& kind = data::source_kind_of(data.source);
  if (kind.images == nullptr)
    throw ConfigError(fmt::format("study data import: {} needs no import", data.source));
  const std::unique_ptr<data::ImageSource> images = kind.images(data);
  const bool timing = line.extra["timing"].as<bool>();
  const auto alone_s = [&] {
    return timing ? in_seconds(data::decode_alone_ns(*kind.images(data), options)) : 0;
  };
  const double before_s = alone_s();
  const Stopwatch watch;
  const data::ImportReport report = data::import_images(*images, options, out);
  const double seconds = watch.elapsed_s();
  for (const std::string& name : report.skipped) fmt::print(stderr, "skipped {}\n", one_line(name));
  fmt::print("{}: {} of {} x {}, {:.1f} MB, in {:.1f} s ({:.0f} images/s){}\n", out.string(),
             counted(report.images, "image"), data.size, data.size,
             static_cast<double>(report.file_bytes) / 1e6, seconds,
             static_cast<double>(images->listing().entries.size()) / std::max(seconds, 1e-9),
             report.skipped.empty() ? "" : fmt::format("; {} skipped", report.skipped.size()));
  for (const std::string& note : report.notes) fmt::print("{}\n", one_line(note));
  fmt::print("{}\n", data::polarity_text(images->listing().class_names));
  fmt::print("decoding {:.2f} s and compressing {:.2f} s summed over all threads, writing {:.2f} s of one\n",
             in_seconds(report.decode_ns), in_seconds(report.compress_ns), in_seconds(report.write_ns));
  if (timing) {
    const double after_s = alone_s();
    fmt::print(
        "decoding alone: {:.2f} s before, {:.2f} s after; the import took {:.2f} s, {:.2f} times as long\n",
        before_s, after_s, seconds, 2 * seconds / (before_s + after_s));
  }
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
