// `study data import` and `study data show`: words and tables around data/, which does the work.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/hdf5_dataset.hpp"
#include "data/import.hpp"
#include "data/open.hpp"
#include "data/source_kind.hpp"
#include "data/summary.hpp"
#include "kernels/error.hpp"
#include "study/command.hpp"
#include "study/command_line.hpp"
#include "study/exit_code.hpp"
#include "study/interrupt.hpp"
#include "study/progress.hpp"
#include "study/suggestion.hpp"
#include "study/text_table.hpp"

namespace dsx {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr const char* kHelp = R"(study data: prepare a data set, or look into one

Usage:
  study data import SOURCE --out FILE.h5 [FLAGS]   decode images once, into one compressed HDF5 file
  study data show SOURCE [FLAGS]                what it holds: counts, subjects, duplicates, leaks

SOURCE is a folder with a folder per class (NORMAL, PNEUMONIA), or with train, val and test folders with those inside:
JPEG, PNG or TIFF, grey or colour, any size. Or NumPy arrays: an .npz file (MedMNIST) or a folder of .npy files, with
train_images and train_labels (or X_train and y_train), the same for val and test; N x H x W, with 1 or 3 channels
first or last, of uint8, uint16, or floats from 0 to 1; labels N or N x 1. `study --data SOURCE` imports by itself,
into the user's cache.

import:
  --out FILE                  the HDF5 file to write; appears only when it is complete
  --jobs N                    threads that decode [every CPU]
  --force                     replace FILE if it exists

show:
  --json                      as JSON, with every duplicate and every shared subject
  --all                       list all of them as text, too [the first 5]

Both:
)";

const std::vector<std::string> kKeys{"size",      "channels", "resize", "positive", "skip_bad_images",
                                     "cache_dir", "progress"};

DataOptions data_options(const Settings& settings, const std::string& source) {
  DataOptions options;
  options.source = source;
  options.positive = settings.positive;
  options.size = settings.size;
  options.channels = settings.channels;
  options.resize = resize_from_string(settings.resize);
  options.skip_bad_images = settings.skip_bad_images;
  options.cache_dir = settings.cache_dir;
  return options;
}

// A bar that is made at the first call, when the number of images is known.
Progress progress_of(const Settings& settings, std::optional<ProgressBar>& bar) {
  return [&settings, &bar](std::size_t done, std::size_t total) {
    check_interrupt("stopped during the import; nothing was written");
    if (!bar) bar.emplace(progress_mode(settings.progress), "import", total);
    bar->update(done, "");
    if (done == total) bar->finish();
  };
}

int run_import(const std::vector<std::string>& args) {
  CommandSyntax syntax{.command = "data", .keys = kKeys, .max_positional = 1};
  syntax.extra.add_options()("out", po::value<std::string>(), "")("jobs", po::value<int>()->default_value(0),
                                                                  "")("force", po::bool_switch(), "");
  const CommandLine line = parse_command_line(args, syntax);
  if (line.positional.empty())
    throw ConfigError("study data import: of what? e.g. study data import DIR --out FILE.h5");
  if (!line.extra.count("out")) throw ConfigError("study data import: where to? give --out FILE.h5");
  const fs::path out = line.extra["out"].as<std::string>();
  std::error_code error;
  if (fs::is_directory(out, error))
    throw OutputError(fmt::format("{}: is a folder; give a file name", out.string()));
  if (fs::exists(out, error) && !line.extra["force"].as<bool>())
    throw OutputError(
        fmt::format("{}: exists already; choose another name, or replace it with --force", out.string()));
  const DataOptions data = data_options(line.settings, line.positional[0]);
  std::optional<ProgressBar> bar;
  ImportOptions options{
      {data.size, data.channels, data.resize}, data.skip_bad_images, line.extra["jobs"].as<int>(), {}};
  options.progress = progress_of(line.settings, bar);
  const SourceKind& kind = source_kind_of(data.source);
  if (kind.images == nullptr)
    throw ConfigError(fmt::format("study data import: {} needs no import", data.source));
  const std::unique_ptr<ImageSource> images = kind.images(data);
  const auto start = std::chrono::steady_clock::now();
  const ImportReport report = import_images(*images, options, out);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const std::string& name : report.skipped) fmt::print(stderr, "skipped {}\n", name);
  fmt::print("{}: {} images of {} x {}, {:.1f} MB, in {:.1f} s ({:.0f} images/s){}\n", out.string(),
             report.images, data.size, data.size, static_cast<double>(report.file_bytes) / 1e6, seconds,
             static_cast<double>(images->listing().entries.size()) / std::max(seconds, 1e-9),
             report.skipped.empty() ? "" : fmt::format("; {} skipped", report.skipped.size()));
  return static_cast<int>(ExitCode::ok);
}

// "5840 x 224 x 224" per size before the resize, the commonest first.
std::vector<std::pair<std::string, std::size_t>> source_sizes(const Dataset& dataset) {
  std::map<std::string, std::size_t> count;
  if (const auto* file = dynamic_cast<const Hdf5Dataset*>(&dataset))
    for (const SourceSize& size : file->source_sizes())
      ++count[fmt::format("{} x {}", size.width, size.height)];
  std::vector<std::pair<std::string, std::size_t>> sizes(count.begin(), count.end());
  std::stable_sort(sizes.begin(), sizes.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sizes;
}

std::string splits_text(const std::vector<Split>& splits) {
  std::string text;
  for (const Split split : splits) text += (text.empty() ? "" : " and ") + to_string(split);
  return text;
}

void print_leaks(const Dataset& dataset, const DataSummary& summary, std::size_t shown) {
  const auto& items = dataset.items();
  const auto more = [&](std::size_t count) {
    if (count > shown) fmt::print("  ... and {} more; --all lists them\n", count - shown);
  };
  fmt::print("\nidentical files: {} groups, {} surplus copies\n", summary.duplicates.size(),
             summary.surplus_copies);
  for (std::size_t i = 0; i < std::min(shown, summary.duplicates.size()); ++i) {
    const DuplicateGroup& group = summary.duplicates[i];
    std::string names;
    for (const std::size_t index : group.indices) names += (names.empty() ? "" : " = ") + items[index].name;
    fmt::print("  {}{}{}\n", names, group.across_splits ? "  (in different splits)" : "",
               group.across_classes ? "  (with different labels)" : "");
  }
  more(summary.duplicates.size());
  fmt::print("subjects in more than one split: {}\n", summary.shared_subjects.size());
  for (std::size_t i = 0; i < std::min(shown, summary.shared_subjects.size()); ++i) {
    const SharedSubject& shared = summary.shared_subjects[i];
    fmt::print("  {}: {} images in {}\n", shared.subject, shared.images, splits_text(shared.splits));
  }
  more(summary.shared_subjects.size());
}

void print_text(const Dataset& dataset, const DataSummary& summary, bool all) {
  const ImageShape shape = dataset.shape();
  fmt::print("{}, {} channel(s)\nsha256 {}\n\n", dataset.description(), shape.channels, dataset.digest());
  std::vector<std::string> header{"split"};
  for (const std::string& name : dataset.class_names()) header.push_back(name);
  header.insert(header.end(), {"images", "subjects"});
  TextTable table(header);
  for (const SplitSummary& split : summary.splits) {
    std::vector<std::string> row{to_string(split.split)};
    std::size_t images = 0;
    for (const std::size_t count : split.images_per_class) {
      row.push_back(fmt::to_string(count));
      images += count;
    }
    row.insert(row.end(), {fmt::to_string(images), fmt::to_string(split.subjects)});
    table.add(row);
  }
  fmt::print("{}", table.str());
  const auto sizes = source_sizes(dataset);
  if (!sizes.empty()) {
    fmt::print("\nsizes before the resize: {}",
               sizes.size() > 1 ? fmt::format("{} kinds; ", sizes.size()) : "");
    for (std::size_t i = 0; i < std::min<std::size_t>(5, sizes.size()); ++i)
      fmt::print("{}{} ({} images)", i > 0 ? ", " : "", sizes[i].first, sizes[i].second);
    fmt::print("\n");
  }
  if (!dataset.skipped().empty()) fmt::print("left out as unreadable: {} images\n", dataset.skipped().size());
  print_leaks(dataset, summary, all ? SIZE_MAX : 5);
}

void print_json(const Dataset& dataset, const DataSummary& summary) {
  using Json = nlohmann::ordered_json;
  const auto& items = dataset.items();
  Json json{{"description", dataset.description()}, {"sha256", dataset.digest()},
            {"channels", dataset.shape().channels}, {"height", dataset.shape().height},
            {"width", dataset.shape().width},       {"images", summary.images},
            {"subjects", summary.subjects},         {"class_names", dataset.class_names()}};
  for (const SplitSummary& split : summary.splits) {
    Json counts;
    for (std::size_t label = 0; label < split.images_per_class.size(); ++label)
      counts[dataset.class_names()[label]] = split.images_per_class[label];
    json["splits"][to_string(split.split)] = {{"images", counts}, {"subjects", split.subjects}};
  }
  json["source_sizes"] = Json::object();
  for (const auto& [size, count] : source_sizes(dataset)) json["source_sizes"][size] = count;
  json["skipped"] = dataset.skipped();
  json["surplus_copies"] = summary.surplus_copies;
  json["duplicates"] = Json::array();
  for (const DuplicateGroup& group : summary.duplicates) {
    Json names = Json::array();
    for (const std::size_t index : group.indices) names.push_back(items[index].name);
    json["duplicates"].push_back(
        {{"names", names}, {"across_splits", group.across_splits}, {"across_classes", group.across_classes}});
  }
  json["shared_subjects"] = Json::array();
  for (const SharedSubject& shared : summary.shared_subjects) {
    Json splits = Json::array();
    for (const Split split : shared.splits) splits.push_back(to_string(split));
    json["shared_subjects"].push_back(
        {{"subject", shared.subject}, {"splits", splits}, {"images", shared.images}});
  }
  // File names need not be UTF-8: what is not becomes the replacement character.
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

int run_show(const std::vector<std::string>& args) {
  CommandSyntax syntax{.command = "data", .keys = kKeys, .max_positional = 1};
  syntax.extra.add_options()("json", po::bool_switch(), "")("all", po::bool_switch(), "");
  const CommandLine line = parse_command_line(args, syntax);
  if (line.positional.empty()) throw ConfigError("study data show: what? e.g. study data show FILE-or-DIR");
  DataOptions options = data_options(line.settings, line.positional[0]);
  std::optional<ProgressBar> bar;
  options.progress = progress_of(line.settings, bar);
  const std::unique_ptr<Dataset> dataset = open_as_stored(options);
  const DataSummary summary = summarize(*dataset);
  if (line.extra["json"].as<bool>()) {
    print_json(*dataset, summary);
  } else {
    print_text(*dataset, summary, line.extra["all"].as<bool>());
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int data_command(const std::vector<std::string>& args) {
  const bool help =
      std::any_of(args.begin(), args.end(), [](const std::string& a) { return a == "--help" || a == "-h"; });
  if (help) {
    fmt::print("{}{}", kHelp, settings_help(kKeys));
    return static_cast<int>(ExitCode::ok);
  }
  if (args.empty()) throw ConfigError("study data: import or show? `study data --help` explains both");
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (args[0] == "import") return run_import(rest);
  if (args[0] == "show") return run_show(rest);
  throw ConfigError(
      fmt::format("study data: unknown command '{}'{}", args[0], did_you_mean(args[0], {"import", "show"})));
}

}  // namespace dsx
