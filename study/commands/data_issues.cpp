// `study data issues`: cross-validated probabilities (or saved ones), then confident learning, then words.
#include <fmt/format.h>

#include <cmath>
#include <unordered_set>

#include "data/io/files.hpp"
#include "data/loading/memory_cache.hpp"
#include "data/sources/summary.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "study/audit/label_issues.hpp"
#include "study/audit/label_issues_files.hpp"
#include "study/audit/label_issues_text.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/data_options.hpp"
#include "study/commands/data_subcommands.hpp"
#include "study/settings/noise_kind.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/threads.hpp"
#include "study/settings/waiting.hpp"
#include "study/training/label_noise.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr std::size_t kShown = 20;
const std::vector<std::string> kOutputs{"html", "csv", "json", "save-probabilities"};

settings::CommandLine parse_issues(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "data", .keys = {}, .max_positional = 1};
  syntax.extra.add_options()("folds", po::value<int>()->default_value(5), "")(
      "inject", po::value<double>()->default_value(0), "")("probabilities", po::value<std::string>(), "")(
      "force", po::bool_switch(), "");
  for (const std::string& name : kOutputs)
    syntax.extra.add_options()(name.c_str(), po::value<std::string>(), "");
  return settings::parse_command_line(args, syntax);
}

// Labels that the network learns, and which of them were made wrong.
struct GivenLabels {
  std::vector<float> labels;
  std::vector<std::uint8_t> injected;
};

GivenLabels given_labels(const data::Dataset& dataset, settings::Settings settings, double inject) {
  settings::SplitData all;
  for (std::size_t i = 0; i < dataset.items().size(); ++i) all.indices.push_back(i);
  all.labels = data::labels_of(dataset, all.indices);
  if (inject == 0) return {std::move(all.labels), {}};
  settings.label_noise = inject;
  const training::NoiseRecord noise = training::add_label_noise(dataset, settings, all);
  const std::unordered_set<std::string> wrong(noise.names.begin(), noise.names.end());
  GivenLabels given{std::move(all.labels), std::vector<std::uint8_t>(dataset.items().size())};
  for (std::size_t i = 0; i < given.injected.size(); ++i)
    given.injected[i] = wrong.contains(dataset.items()[i].name);
  fmt::print("made {} of {} wrong on purpose ({}, rate {}), in every split\n", noise.flipped(),
             counted(given.labels.size(), "label"), settings.noise_kind, inject);
  return given;
}

void check(const settings::CommandLine& line) {
  if (line.settings.label_noise > 0)
    throw ConfigError(
        "label_noise: study data issues takes --inject instead, which also says what is found of it");
  const double inject = line.extra["inject"].as<double>();
  if (!(inject >= 0 && inject < settings::kMaxLabelNoise))
    throw ConfigError(fmt::format("inject: {} is not between 0 and {}", inject, settings::kMaxLabelNoise));
  const int folds = line.extra["folds"].as<int>();
  if (folds < 2 || folds > 100) throw ConfigError(fmt::format("folds: {} is not between 2 and 100", folds));
  for (const std::string& name : kOutputs)
    if (line.extra.count(name))
      refuse_existing(line.extra[name].as<std::string>(), line.extra["force"].as<bool>());
}

std::unique_ptr<data::Dataset> open_data(settings::Settings& settings, const std::string& source) {
  std::unique_ptr<data::Dataset> dataset = open_with_bar(settings, source);
  if (dataset->class_names().size() != 2)
    throw DataError(fmt::format("{}: needs two classes, these are {}", dataset->description(),
                                dataset->class_names().size()));
  take_shape(settings, *dataset);
  return data::with_memory_cache(std::move(dataset), static_cast<std::size_t>(settings.data_cache_mib) << 20);
}

audit::OutOfSample probabilities(const settings::CommandLine& line, const settings::Settings& settings,
                                 const data::Dataset& dataset, const GivenLabels& given) {
  if (line.extra.count("probabilities"))
    return audit::read_probabilities(line.extra["probabilities"].as<std::string>(), dataset, given.labels);
  const settings::ThreadChoice threads = settings::apply_threads(settings);
  const int folds = line.extra["folds"].as<int>();
  fmt::print("{} by subject, {} each, {} on {}\n", counted(folds, "fold"), counted(settings.epochs, "epoch"),
             settings.variant, counted(threads.used, "thread"));
  std::fflush(stdout);
  const Stopwatch watch;
  audit::OutOfSample out = audit::cross_validate(dataset, given.labels, settings, folds);
  fmt::print("trained in {}\n", cli::duration(watch.elapsed_s()));
  return out;
}

}  // namespace

int data_issues(const std::vector<std::string>& args) {
  const settings::CommandLine line = parse_issues(args);
  const std::string& source = only_source(line, "issues");
  check(line);
  if (!line.extra.count("probabilities")) settings::wait_briefly();
  settings::Settings settings = line.settings;
  const std::unique_ptr<data::Dataset> dataset = open_data(settings, source);
  fmt::print("{}\n", one_line(dataset->description()));
  for (const std::string& text : data::reading_lines(*dataset)) fmt::print("{}\n", text);
  const GivenLabels given = given_labels(*dataset, settings, line.extra["inject"].as<double>());
  audit::OutOfSample out = probabilities(line, settings, *dataset, given);
  const auto write = [&](const std::string& flag, const auto& content) {
    if (line.extra.count(flag)) data::write_file_atomically(line.extra[flag].as<std::string>(), content());
  };
  if (line.extra.count("save-probabilities"))
    audit::write_probabilities(line.extra["save-probabilities"].as<std::string>(), *dataset, given.labels,
                               out);
  const audit::LabelIssues issues = audit::find_label_issues(given.labels, std::move(out), given.injected);
  write("csv", [&] { return audit::issues_csv(*dataset, issues); });
  write("html", [&] { return audit::issues_page(*dataset, issues); });
  write("json", [&] { return audit::issues_json(*dataset, issues); });
  fmt::print("{}", audit::issues_text(*dataset, issues, kShown));
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
