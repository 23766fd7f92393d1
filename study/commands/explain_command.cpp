// `study explain`: where each millisecond between two variants comes from, by experiment; and two such
// reports compared.
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <sstream>

#include "bench/machine/machine_report.hpp"
#include "bench/measure/topology.hpp"
#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/suggestion.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/experiments/original.hpp"
#include "study/explain/report_files.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const std::vector<std::string> kExplainKeys{"layout", "batch", "threads", "oversubscribe", "seed"};

constexpr const char* kExplainHelp =
    R"(study explain: where the latency difference between variants comes from, measured

Usage:
  study explain [--variants A,B] [--shapes LIST] [FLAGS]
  study explain --compare A.json B.json

  --variants LIST     operators to explain (table below); differences are to the last one [maxpool,strided]
  --shapes LIST|FILE  study, resnet_stem, mobilenet_stem, or your own file (bench_ops --help says how) [study]
  --experiments LIST  only these: see below [all]
  --seconds S         time spent on each set of interleaved measurements: longer is more precise [3]
  --peers FILE        figures of other libraries, written by scripts/peers --json FILE [none]
  --out DIR           folder for explain.txt, explain.json, explain.h5; must be new [results/explain/<made name>]
  --compare           two explain.json, from two runs or two machines: findings side by side

Runs a few minutes with the defaults. Close other programs first: on a busy machine the report says that it cannot be
trusted.

Experiments:
)";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

void check_experiments(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& experiment : explain::experiment_table()) known.push_back(experiment.name);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw ConfigError(fmt::format("--experiments: '{}' is not known{} use {}", name,
                                    cli::did_you_mean(name, known), fmt::join(known, ", ")));
  }
}

// Experiments that --experiments does not name.
std::vector<std::string> left_out_of(const explain::ExplainOptions& options) {
  std::vector<std::string> names;
  for (const auto& experiment : explain::experiment_table())
    if (!options.experiments.empty() &&
        std::ranges::find(options.experiments, experiment.name) == options.experiments.end())
      names.push_back(experiment.name);
  return names;
}

explain::ExplainContext context_of(const settings::CommandLine& line) {
  explain::ExplainContext context;
  auto& options = context.options;
  options.variants = split(line.extra["variants"].as<std::string>());
  options.shapes = line.extra["shapes"].as<std::string>();
  options.seconds = line.extra["seconds"].as<double>();
  if (line.extra.count("experiments") != 0)
    options.experiments = split(line.extra["experiments"].as<std::string>());
  if (line.extra.count("peers") != 0) options.peers = line.extra["peers"].as<std::string>();
  if (!options.peers.empty()) explain::check_peers_file(options.peers);
  check_experiments(options.experiments);
  if (!(options.seconds > 0 && options.seconds <= 600))
    throw ConfigError("--seconds: expected a number above 0, at most 600");
  options.layout = kernels::layout_from_string(line.settings.layout);
  options.batch = line.settings.batch;
  options.seed = line.settings.seed;
  context.geometries = bench::load_geometries(options.shapes);
  context.whole_network = options.shapes == "study";
  if (options.variants.size() < 2)
    throw ConfigError("--variants: name at least two, as in maxpool,strided: a difference is explained");
  for (const auto& variant : options.variants) {
    for (const auto& geometry : context.geometries) {
      if (!geometry.own || variant != geometry.own->name())
        downsample::downsample_op(variant);  // throws when it is not known
      if (std::count(options.variants.begin(), options.variants.end(), variant) > 1)
        throw ConfigError(fmt::format("--variants: {} is named twice", variant));
    }
  }
  return context;
}

fs::path new_folder(const settings::CommandLine& line, const explain::ExplainOptions& options) {
  fs::path folder;
  if (line.extra.count("out") != 0) {
    folder = line.extra["out"].as<std::string>();
  } else {
    folder = fs::path("results/explain") / fmt::format("{}-batch{}-{:%Y%m%d-%H%M%S}",
                                                       fmt::join(options.variants, "-"), options.batch,
                                                       fmt::gmtime(std::time(nullptr)));
  }
  std::error_code error;
  if (fs::exists(folder, error))
    throw OutputError(folder.string() + ": exists; name a new folder with --out");
  fs::create_directories(folder, error);
  if (error) throw OutputError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  return folder;
}

bench::Fields settings_of(const explain::ExplainOptions& options) {
  return {{"variants", fmt::format("{}", fmt::join(options.variants, ","))},
          {"shapes", options.shapes},
          {"layout", kernels::to_string(options.layout)},
          {"batch", std::to_string(options.batch)},
          {"threads", std::to_string(options.threads)},
          {"seconds", fmt::format("{}", options.seconds)},
          {"seed", std::to_string(options.seed)}};
}

// What repeats one experiment: all settings, without the name of the output.
std::string program_of(const explain::ExplainOptions& options) {
  return fmt::format(
      "study explain --variants {} --shapes {} --layout {} --batch {} --threads {} --seconds {} --seed {}",
      fmt::join(options.variants, ","), bench::shell_quoted(options.shapes),
      kernels::to_string(options.layout), options.batch, options.threads, options.seconds, options.seed);
}

int compare(const std::vector<std::string>& files) {
  if (files.size() != 2)
    throw ConfigError("--compare takes two files: study explain --compare A.json B.json");
  const auto a = explain::read_explain_json(files[0]);
  const auto b = explain::read_explain_json(files[1]);
  fmt::print("{}", explain::compare_text(a, b));
  return static_cast<int>(cli::ExitCode::ok);
}

// One line that is rewritten on a terminal; elsewhere a line per experiment and step would only be noise.
void show_progress(const std::string& what) {
  if (::isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\033[K{}", what);
  else if (what.ends_with("starting"))
    fmt::print(stderr, "study explain: {}\n", what);
  std::fflush(stderr);
}

int explain(const settings::CommandLine& line) {
  auto context = context_of(line);
  context.options.threads = settings::apply_threads(line.settings).used;
  const auto folder = new_folder(line, context.options);
  context.topology = bench::read_topology();
  context.progress = show_progress;
  explain::ExplainReport report;
  report.command = bench::own_command_line();
  report.settings = settings_of(context.options);
  const auto environment = bench::read_environment();
  report.environment = bench::environment_fields(environment);
  context.progress("machine: starting");
  bench::MachineOptions machine;
  machine.thread_counts = {1};
  if (context.options.threads > 1) machine.thread_counts.push_back(context.options.threads);
  context.machine = bench::measure_machine(machine);
  report.machine = bench::to_json(context.machine, environment);
  context.counters = std::make_shared<bench::Counters>();
  report.experiments =
      explain::run_experiments(context, explain::experiment_table(), program_of(context.options));
  report.left_out = left_out_of(context.options);
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
  explain::judge_noise(report);
  const auto text = explain::to_text(report);
  data::write_file_atomically(folder / "explain.txt", as_utf8(text));
  data::write_file_atomically(folder / "explain.json", json_text(explain::to_json(report), 1) + "\n");
  explain::write_explain_h5(folder / "explain.h5", report);
  fmt::print("{}\nWritten: {}/explain.txt, explain.json, explain.h5 (with every sample)\n", text,
             folder.string());
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace

int explain_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "explain";
  syntax.keys = kExplainKeys;
  syntax.max_positional = 2;
  syntax.extra.add_options()("variants", po::value<std::string>()->default_value("maxpool,strided"), "")(
      "shapes", po::value<std::string>()->default_value("study"), "")(
      "experiments", po::value<std::string>(), "")("seconds", po::value<double>()->default_value(3), "")(
      "peers", po::value<std::string>(), "")("out", po::value<std::string>(), "")("compare", "");
  const auto line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}", kExplainHelp);
    for (const auto& experiment : explain::experiment_table())
      fmt::print("  {:<17} {}\n", experiment.name, experiment.question);
    fmt::print("\nSettings:\n{}{}", settings::settings_help(kExplainKeys),
               settings::operators_help("--variants"));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.extra.count("compare") != 0) return compare(line.positional);
  if (!line.positional.empty())
    throw ConfigError(
        fmt::format("'{}' is not expected here; two files go with --compare", line.positional.front()));
  return explain(line);
}

}  // namespace dsx::commands
