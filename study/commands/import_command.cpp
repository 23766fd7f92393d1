// `study import`: weights that were trained elsewhere become a folder that predict, export and --latency-only
// take like a run's.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "bench/measure/environment.hpp"
#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/commands.hpp"
#include "study/exchange/properties.hpp"
#include "study/exchange/safetensors.hpp"
#include "study/exchange/weights_file.hpp"
#include "study/run/make_network.hpp"
#include "study/run/opened_run.hpp"
#include "study/run/run_folder.hpp"
#include "study/run/run_h5.hpp"
#include "study/run/run_summary.hpp"
#include "study/run/train_run.hpp"
#include "study/settings/command_line.hpp"
#include "study/training/checkpoint.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const std::vector<std::string> kImportKeys{"variant", "network", "size",     "channels", "resize",
                                           "mean",    "std",     "equalize", "sharpen",  "denoise"};
constexpr const char* kImportHelp =
    R"(study import: weights trained elsewhere, as a folder that other commands take

Usage:
  study import WEIGHTS.safetensors --out DIR [--variant NAME] [SETTINGS]

The file holds the network's tensors under PyTorch's names (conv1.weight, fc1.bias, ...) and shapes; F32, or F16,
BF16 and F64, which are converted. One prefix before all names (module., _orig_mod., model.) is taken off.
Settings say which network they belong to and how its images are prepared. A file made by `study export` carries
them, and its run's threshold and classes, too; any other needs --variant, since the shapes do not tell the
operator, and has the defaults below. Flags win over the file. Then:
  study predict DIR IMAGES          study export DIR --format onnx
  study --latency-only --resume DIR

  --out DIR                   folder to create (required)

)";

void take_settings_of_file(const exchange::SafetensorsHeader& header, const std::string& file,
                           settings::Settings& settings) {
  const auto found = header.metadata.find(exchange::kSettingsProperty);
  if (found == header.metadata.end()) return;
  settings::Sources sources;
  settings::apply_yaml_text(settings, sources, found->second, file + " (its settings)");
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool is_class_name(const std::string& name) {
  return !name.empty() && name.size() <= 100 &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 32 || c == 127; });
}

// The threshold only of weights that are used as they were: other preprocessing makes other logits.
run::ImportedRecord imported_record(const exchange::SafetensorsHeader& header, bool unchanged) {
  const auto text = [&](const char* key) {
    const auto found = header.metadata.find(key);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  run::ImportedRecord record;
  const std::string threshold = text("logit_threshold"), negative = text("negative_class"),
                    positive = text("positive_class");
  if (is_class_name(negative) && is_class_name(positive)) record.class_names = {negative, positive};
  if (threshold.empty() || !unchanged) return record;
  const auto value = number_from_text<double>(threshold);
  if (!value || !std::isfinite(*value))
    throw DataError(fmt::format("its logit_threshold is {}, no number", exchange::shown_name(threshold)));
  record.logit_threshold = *value;
  return record;
}

std::string names_text(const exchange::SafetensorsHeader& header) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> names;
  for (const exchange::SafeTensor& tensor : header.tensors)
    if (names.size() < kShown) names.push_back(exchange::shown_name(tensor.name));
  return fmt::format("{}{}", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
                     header.tensors.size() > kShown ? fmt::format(", ... ({})", header.tensors.size()) : "");
}

// "" where names are the network's own.
std::string without_prefix(exchange::SafetensorsHeader& header, const net::Network& network) {
  std::vector<std::string> wanted;
  for (const net::Parameter& p : network.parameters().all) wanted.push_back(p.name);
  const std::string prefix = exchange::take_common_prefix(header, wanted);
  return prefix.empty() ? ""
                        : fmt::format("names: {} stands before all of them, and is taken off\n",
                                      exchange::shown_name(prefix));
}

// PyTorch's count of batches, which only a momentum of None uses.
bool is_ignored(const std::string& name) { return name.ends_with(".num_batches_tracked"); }

void load(const exchange::SafetensorsHeader& header, std::span<const std::uint8_t> bytes,
          net::Network& network) {
  std::map<std::string, const exchange::SafeTensor*> tensors;
  for (const exchange::SafeTensor& tensor : header.tensors)
    if (!is_ignored(tensor.name)) tensors[tensor.name] = &tensor;
  const std::string variant = fmt::format("{} with {}", network.spec().name, network.options().variant);
  for (net::Parameter& p : network.parameters().all) {
    const auto found = tensors.find(p.name);
    if (found == tensors.end())
      throw DataError(
          fmt::format("no tensor '{}', which {} has; the file has {}", p.name, variant, names_text(header)));
    const std::vector<std::uint64_t> shape(p.shape.begin(), p.shape.end());
    if (found->second->shape != shape)
      throw DataError(
          fmt::format("tensor '{}' is {}, but {} takes {}; --size and --channels decide the shapes", p.name,
                      shape_text(found->second->shape), variant, shape_text(shape)));
    p.set(exchange::finite_values(bytes, *found->second));
    tensors.erase(found);
  }
  if (!tensors.empty())
    throw DataError(fmt::format("tensor {}, which {} does not have",
                                exchange::shown_name(tensors.begin()->first), variant));
}

run::RunRecord record_of(const settings::Settings& settings, const std::string& origin,
                         net::Network& network) {
  run::RunRecord record;
  record.status = "imported";
  record.message = origin;
  record.command = bench::own_command_line();
  record.settings = settings;
  record.environment = bench::environment_fields(bench::read_environment(record.command));
  const net::Plan plan = network.make_plan(1, false);
  record.model = run::describe_model(network, plan);
  record.plans = {run::describe_plan("inference_batch_1", plan)};
  return record;
}

void write_folder(run::RunRecord record, const net::Network& network) {
  const std::string yaml = settings::to_yaml(record.settings, record.message);
  run::RunFolder folder = run::RunFolder::create(record.settings, [&](const std::string&) { return yaml; });
  try {
    record.name = folder.name();
    training::write_weights(folder.best(), network, 0, yaml);
    run::write_run_h5(folder.run_h5(), record, nullptr);
    run::write_summary(folder.summary(), record);
  } catch (const OutputError&) {
    folder.discard();
    throw;
  }
}

}  // namespace

int import_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "import", .keys = kImportKeys, .max_positional = 1};
  syntax.extra.add_options()("out", po::value<std::string>(), "");
  settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kImportHelp,
               settings::settings_help(kImportKeys, {{"variant", "the file's; needed if it names none"}}));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.empty())
    throw ConfigError(
        "study import: which file? e.g. study import W.safetensors --variant avgpool --out DIR");
  if (!line.extra.count("out")) throw ConfigError("study import: where to? give --out DIR, a folder to make");
  const std::string file = line.positional[0];
  const std::vector<std::uint8_t> bytes = exchange::read_weights_file(file);
  try {
    exchange::SafetensorsHeader header = exchange::parse_safetensors(bytes);
    settings::Settings from_file;
    take_settings_of_file(header, file, from_file);
    line = settings::parse_command_line(args, syntax, from_file);
    if (!header.metadata.contains(exchange::kSettingsProperty) && !line.sources.contains("variant"))
      throw ConfigError("study import: the shapes do not tell the downsampling operator; give --variant");
    settings::Settings& settings = line.settings;
    const bool unchanged = settings::to_yaml(settings, "") == settings::to_yaml(from_file, "");
    const fs::path out = fs::absolute(line.extra["out"].as<std::string>()).lexically_normal();
    const fs::path named = out.filename().empty() ? out.parent_path() : out;
    settings.out = named.parent_path();
    settings.name = named.filename();
    settings.resume.clear();
    settings::make_paths_absolute(settings);
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(named, ignored)) && !run::is_unborn(named))
      throw OutputError(named.string() + ": exists already; choose another --out");
    run::check_new_run_folder(settings);
    net::Network network = run::make_network(settings);
    const std::string prefix = without_prefix(header, network);
    load(header, bytes, network);
    run::RunRecord record = record_of(
        settings, fmt::format("weights of {} (SHA-256 {})", file, data::sha256_hex(bytes)), network);
    record.imported = imported_record(header, unchanged);
    write_folder(std::move(record), network);
    fmt::print("{}: {} with {}, {} from {}\n{}", named.string(), network.spec().name, settings.variant,
               counted(network.parameters().trainable_count(), "parameter"), file, prefix);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", file, error.what()));
  }
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
