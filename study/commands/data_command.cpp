// `study data`: the help and the dispatch over the table of its commands.
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/flags.hpp"
#include "study/cli/suggestion.hpp"
#include "study/commands/command.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/data_subcommands.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {
namespace {

constexpr const char* kAbout = R"(
SOURCE is a folder with a folder per class (NORMAL, PNEUMONIA), or with train, val and test folders with those inside:
JPEG, PNG, TIFF, BMP, WebP or DICOM, known by content, grey or colour, any size. Or NumPy arrays: an .npz file
(MedMNIST) or a folder of .npy files, with train_images and train_labels (or X_train and y_train), the same for val and
test; N x H x W, with 1 or 3 channels first or last, of whole numbers, or floats from 0 to 1; labels N or N x 1. Or an
HDF5 file of `study data import`.
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

}  // namespace

std::vector<CommandPart> data_parts() {
  std::vector<CommandPart> parts;
  for (const DataSubcommand& command : data_subcommands())
    parts.push_back({command.name, command.usage, command.help});
  return parts;
}

int data_command(const std::vector<std::string>& args) {
  const bool help = cli::asks_for_help(args);
  std::vector<std::string> names;
  for (const DataSubcommand& command : data_subcommands()) {
    names.push_back(command.name);
    if (args.empty() || command.name != args[0]) continue;
    if (!help) return command.run({args.begin() + 1, args.end()});
    fmt::print("{}", help_text(command));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (!args.empty() && cli::asks_for_help({args[0]})) {
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
