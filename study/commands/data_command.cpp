// `study data`: the table of its commands, the help made from it, and what they share.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/suggestion.hpp"
#include "study/commands/command.hpp"
#include "study/commands/data_subcommands.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAbout = R"(
SOURCE is a folder with a folder per class (NORMAL, PNEUMONIA), or with train, val and test folders with those inside:
JPEG, PNG, TIFF, BMP, WebP or DICOM, known by content, grey or colour, any size. Or NumPy arrays: an .npz file (MedMNIST) or a folder of .npy files, with
train_images and train_labels (or X_train and y_train), the same for val and test; N x H x W, with 1 or 3 channels
first or last, of uint8, uint16, or floats from 0 to 1; labels N or N x 1. Or an HDF5 file of `study data import`.
`study --data SOURCE` imports by itself, into the user's cache.
)";

std::string help_text() {
  std::string text = "study data: prepare a data set, or look into one\n\nUsage:\n";
  for (const DataSubcommand& command : data_subcommands())
    text += fmt::format("  {:<42} {}\n", fmt::format("study data {} {}", command.name, command.usage),
                        command.help);
  return text + "\n`study data COMMAND --help` explains each.\n" + kAbout;
}

std::string help_text(const DataSubcommand& command) {
  return fmt::format("study data {0}: {1}\n\nUsage:\n  study data {0} {2}\n\n{3}{4}\n{5}", command.name,
                     command.help, command.usage, command.flags, kAbout,
                     settings::settings_help(command.keys()));
}

// `issues` trains, so it takes every setting of `study`.
const std::vector<std::string>& every_key() {
  static const std::vector<std::string> keys;
  return keys;
}

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h"; }

}  // namespace

const std::vector<DataSubcommand>& data_subcommands() {
  static const std::vector<DataSubcommand> table = {
      {"import", "SOURCE --out FILE.h5", "decode images once, into one compressed HDF5 file",
       "  --out FILE                  the HDF5 file to write; appears only when it is complete\n"
       "  --jobs N                    threads that decode [every CPU]\n"
       "  --force                     replace FILE if it exists\n"
       "  --timing                    also time decoding alone on the same threads, before and after\n",
       data_import, data_keys},
      {"show", "SOURCE", "what it holds: counts, subjects, duplicates, leaks",
       "  --json                      as JSON, with every duplicate and every shared subject\n"
       "  --all                       list all of them as text, too [the first 5]\n",
       data_show, data_keys},
      {"audit", "SOURCE", "copies, near copies, leaks, shortcuts to the label, splits that are too small",
       "  --html FILE                 a page with thumbnails, one file\n"
       "  --json                      as JSON, with everything that was found\n"
       "  --all                       list everything as text, too [the first 5 of each]\n"
       "  --radius BITS               near duplicates: differing bits of the 64-bit hashes at most [6]\n"
       "  --similarity NUMBER         and correlation of the images at least [0.98]\n"
       "  --jobs N                    threads that read and hash [every CPU]\n"
       "  --force                     replace FILE if it exists\n",
       data_audit, data_keys},
      {"clean", "SOURCE --out FILE.h5", "a new file without copies, and a manifest of hashes beside it",
       "  --out FILE.h5               the file to write; FILE.manifest.json goes beside it\n"
       "  --priority SPLITS           of copies, the one in the first of these splits stays "
       "[train,val,test]\n"
       "  --radius BITS               drop near duplicates, too, within so many bits [only exact copies]\n"
       "  --similarity NUMBER         and with a correlation of at least [0.98]\n"
       "  --by-subject                a subject stays in the first of its splits only\n"
       "  --drop-conflicts            of copies with contradicting labels keep none\n"
       "  --all                       print every dropped image [the first 10]\n"
       "  --jobs N                    threads [every CPU]\n"
       "  --force                     replace files that exist\n",
       data_clean, data_keys},
      {"issues", "SOURCE [SETTINGS]", "labels that are likely wrong (trains a network per fold)",
       "  --folds N                   of the cross-validation by subject [5]\n"
       "  --html, --csv, --json FILE  a page with thumbnails; every image by rank; the issues\n"
       "  --save-probabilities FILE   the out-of-sample probabilities, as CSV\n"
       "  --probabilities FILE        use saved ones instead of training\n"
       "  --inject RATE               make labels wrong on purpose (--noise-kind) and say how many are found "
       "[0]\n"
       "  --force                     replace files that exist\n",
       data_issues, every_key},
  };
  return table;
}

std::vector<CommandPart> data_parts() {
  std::vector<CommandPart> parts;
  for (const DataSubcommand& command : data_subcommands())
    parts.push_back({command.name, command.usage, command.help});
  return parts;
}

const std::vector<std::string>& data_keys() {
  static const std::vector<std::string> keys{"size",     "channels",        "resize",
                                             "positive", "skip_bad_images", "intensity_range",
                                             "subject",  "cache_dir",       "progress"};
  return keys;
}

data::DataOptions data_options(const settings::Settings& settings, const std::string& source) {
  data::DataOptions options;
  options.source = source;
  options.positive = settings.positive;
  options.size = settings.size;
  options.channels = settings.channels;
  options.resize = data::resize_from_string(settings.resize);
  options.intensity = data::intensity_from_string(settings.intensity_range);
  options.subject = settings.subject;
  options.skip_bad_images = settings.skip_bad_images;
  options.cache_dir = settings.cache_dir;
  options.phantom_seed = settings.synthetic_seed;
  options.phantom_train = settings.synthetic_train;
  options.phantom_val = settings.synthetic_val;
  options.phantom_test = settings.synthetic_test;
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

int data_command(const std::vector<std::string>& args) {
  const bool help = std::any_of(args.begin(), args.end(), asks_for_help);
  std::vector<std::string> names;
  for (const DataSubcommand& command : data_subcommands()) {
    names.push_back(command.name);
    if (args.empty() || command.name != args[0]) continue;
    if (!help) return command.run({args.begin() + 1, args.end()});
    fmt::print("{}", help_text(command));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (!args.empty() && asks_for_help(args[0])) {
    fmt::print("{}", help_text());
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (args.empty())
    throw ConfigError(
        fmt::format("study data: which of {}? `study data --help` explains them", fmt::join(names, ", ")));
  throw ConfigError(fmt::format("study data: unknown command '{}'{} `study data --help` lists all", args[0],
                                cli::did_you_mean(args[0], names)));
}

}  // namespace dsx::commands
