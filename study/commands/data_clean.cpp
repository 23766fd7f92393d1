// `study data clean`: what to drop is data/quality/clean.hpp's decision, writing is clean_writer.hpp's; here
// it is said.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "data/io/temporary.hpp"
#include "data/quality/clean_writer.hpp"
#include "data/sources/hdf5_dataset.hpp"
#include "data/sources/summary.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/data_options.hpp"
#include "study/commands/data_subcommands.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr std::size_t kShownDropped = 10;

settings::CommandLine parse_clean(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "data", .keys = data_keys(), .max_positional = 1};
  syntax.extra.add_options()("out", po::value<std::string>(), "")(
      "priority", po::value<std::string>()->default_value("train,val,test"), "")(
      "radius", po::value<int>(), "")("similarity",
                                      po::value<double>()->default_value(data::DuplicateOptions{}.similarity),
                                      "")("by-subject", po::bool_switch(), "")(
      "drop-conflicts", po::bool_switch(), "")("all", po::bool_switch(), "")("force", po::bool_switch(), "")(
      "jobs", po::value<int>()->default_value(0), "");
  return settings::parse_command_line(args, syntax);
}

std::string dropped_line(const data::Dataset& dataset, const data::Dropped& one) {
  const auto& items = dataset.items();
  const bool same = one.reason == data::DropReason::same_file || one.reason == data::DropReason::same_pixels;
  return fmt::format("  {}: {}{} {}\n", one_line(items[one.index].name), data::to_string(one.reason),
                     same ? " as" : ":", one_line(items[one.kept].name));
}

void print_result(const data::Dataset& dataset, const std::vector<data::Dropped>& dropped,
                  std::size_t shown) {
  const std::size_t images = dataset.items().size();
  fmt::print("{}\n", one_line(dataset.description()));
  for (const std::string& line : data::reading_lines(dataset)) fmt::print("{}\n", line);
  fmt::print("dropped {} of {}\n", dropped.size(), counted(images, "image"));
  std::map<data::DropReason, std::map<data::Split, std::size_t>> count;
  for (const data::Dropped& one : dropped) ++count[one.reason][dataset.items()[one.index].split];
  for (const auto& [reason, splits] : count) {
    std::string where;
    for (const auto& [split, n] : splits)
      where += fmt::format("{}{} in {}", where.empty() ? "" : ", ", n, data::to_string(split));
    fmt::print("  {}: {}\n", data::to_string(reason), where);
  }
  if (!dropped.empty()) fmt::print("\n");
  for (std::size_t i = 0; i < std::min(shown, dropped.size()); ++i)
    fmt::print("{}", dropped_line(dataset, dropped[i]));
  if (dropped.size() > shown)
    fmt::print("  ... and {} more; --all lists them, the manifest has all\n", dropped.size() - shown);
}

// Copies that stay although their labels contradict: people must know.
void warn_of_conflicts(const data::Duplicates& duplicates, bool dropping) {
  std::size_t conflicts = 0;
  for (const data::CopyGroup& group : duplicates.groups) conflicts += group.across_classes;
  if (conflicts > 0 && !dropping)
    fmt::print(stderr,
               "study: warning: {} of copies have contradicting labels; the first by priority stays "
               "(--drop-conflicts keeps none)\n",
               counted(conflicts, "group"));
}

}  // namespace

int data_clean(const std::vector<std::string>& args) {
  const settings::CommandLine line = parse_clean(args);
  const std::string& source = only_source(line, "clean");
  if (!line.extra.count("out")) throw ConfigError("study data clean: where to? give --out FILE.h5");
  data::CleanFile file;
  file.out = line.extra["out"].as<std::string>();
  const fs::path data_file = file.out;
  file.manifest = data_file.parent_path() /
                  data::fitting_name(data_file.parent_path(), data_file.stem().string(), ".manifest.json");
  for (const fs::path& out : {file.out, file.manifest}) refuse_existing(out, line.extra["force"].as<bool>());
  data::CleanOptions options;
  options.priority = data::priority_from_string(line.extra["priority"].as<std::string>());
  options.near = line.extra.count("radius") > 0;
  options.by_subject = line.extra["by-subject"].as<bool>();
  options.drop_conflicts = line.extra["drop-conflicts"].as<bool>();
  file.jobs = checked_jobs(line);
  const data::DuplicateOptions near{options.near ? line.extra["radius"].as<int>() : 0,
                                    line.extra["similarity"].as<double>(), file.jobs};
  data::check(near);
  std::error_code error;
  if (fs::equivalent(file.out, source, error))
    throw ConfigError("out: is the data set itself; give another file");

  const std::unique_ptr<data::Dataset> dataset = open_with_bar(line.settings, source);
  std::optional<cli::ProgressBar> reading, writing;
  const std::vector<data::Fingerprint> fingerprints = data::fingerprints_of(
      *dataset, file.jobs,
      progress_of(line.settings, reading, "reading images", "stopped; nothing was written"));
  const data::Duplicates duplicates = data::find_duplicates(*dataset, fingerprints, near);
  warn_of_conflicts(duplicates, options.drop_conflicts);
  const std::vector<data::Dropped> dropped = data::plan_cleaning(dataset->items(), duplicates, options);
  file.source = source == "synthetic" ? source : fs::absolute(source).lexically_normal().string();
  const auto* stored = dynamic_cast<const data::Hdf5Dataset*>(dataset.get());
  file.resize = data::resize_from_string(stored != nullptr ? stored->resize() : line.settings.resize);
  file.progress = progress_of(line.settings, writing, "writing images", "stopped; nothing was written");
  data::write_cleaned(*dataset, fingerprints, dropped, file);
  print_result(*dataset, dropped, line.extra["all"].as<bool>() ? SIZE_MAX : kShownDropped);
  fmt::print("\n{}: {}\n{}: their hashes; `study --data {} --manifest {}` refuses any others\n",
             file.out.string(), counted(dataset->items().size() - dropped.size(), "image"),
             file.manifest.string(), file.out.string(), file.manifest.string());
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
