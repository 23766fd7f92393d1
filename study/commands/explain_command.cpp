// `study explain`: where each millisecond between two variants comes from, by experiment; and two such
// reports compared.
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "bench/machine/machine_report.hpp"
#include "bench/measure/processes.hpp"
#include "bench/measure/topology.hpp"
#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/suggestion.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/explain_context.hpp"
#include "study/explain/compare.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/process_runs.hpp"
#include "study/explain/report_files.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const std::vector<std::string> kExplainKeys{"size",     "channels",  "engine",        "algorithm", "data",
                                            "positive", "resize",    "layout",        "batch",     "threads",
                                            "subject",  "cache_dir", "oversubscribe", "seed"};

constexpr const char* kExplainHelp =
    R"(study explain: where the latency difference between variants comes from, measured

Usage:
  study explain [--variants A,B] [--shapes LIST] [FLAGS]
  study explain --compare A.json B.json [C.json ...]
  study explain --account EXPLAIN.json

  --variants LIST     operators to explain (table below); differences are to the last one [maxpool,strided]
  --shapes LIST|FILE  study, resnet_stem, mobilenet_stem, or your own file (bench_ops --help says how) [study]
  --experiments LIST  only these: see below [all]
  --budget TIME       for all of it, as in 90s, 10m or 1h30m: decides which experiments run and how often; given, it is
                      used up; else it only ends what takes longer [10m]
  --seconds S         time spent on each set of interleaved measurements: longer is more precise [3, or what fits]
  --peers FILE        figures of other libraries, written by scripts/peers --json FILE [none]
  --out DIR           folder for explain.txt, explain.json, explain.h5; must be new [results/explain/<made name>]
  --compare           explain.json of two runs or machines, or of more: findings side by side, and in the end which
                      conclusions hold in all of them and which differ
  --account           an explain.json: what its experiments say together, also of reports that did not say it

Experiments are timed in four to ten fresh processes, as time allows, spread over the run: their intervals hold in the
next one. One that has not the time for four is of one process and says so.
The report opens with one account of all experiments: which causes each supports or excludes, and where they disagree.
The time left is shown. Close other programs first: on a busy machine the report says that it cannot be trusted.
--data times the networks on its images (a block or an operator alone keeps made-up values); --size and --channels are
the study's network's (--shapes study).

Experiments:
)";

// Experiments that --experiments does not name.
std::vector<std::string> left_out_of(const explain::ExplainOptions& options) {
  std::vector<std::string> names;
  for (const auto& experiment : explain::experiment_table())
    if (!options.experiments.empty() &&
        std::ranges::find(options.experiments, experiment.name) == options.experiments.end())
      names.push_back(experiment.name);
  return names;
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

int compare(const std::vector<std::string>& files) {
  if (files.size() < 2 || files.size() > explain::kMostCompared)
    throw ConfigError(
        "--compare takes two files or more: study explain --compare A.json B.json [C.json ...]");
  std::vector<explain::ExplainReport> reports;
  for (const auto& file : files) reports.push_back(explain::read_explain_json(file));
  for (auto& report : reports)  // one of 0.1 has no account of its own
    if (std::ranges::find(report.experiments, explain::kAccountName, &explain::ExperimentReport::name) ==
        report.experiments.end())
      explain::add_account(report.experiments, explain::experiment_table(), report.command);
  fmt::print("{}", explain::compare_text(reports, files));
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

int account(const std::vector<std::string>& files) {
  if (files.size() != 1) throw ConfigError("--account takes one file: study explain --account EXPLAIN.json");
  auto report = explain::read_explain_json(files[0]);
  explain::add_account(report.experiments, explain::experiment_table(), report.command);
  fmt::print("{}", explain::to_text(report.experiments.front()));
  return static_cast<int>(cli::ExitCode::ok);
}

// In one of the processes that an experiment is timed in (explain/process_runs.hpp): its samples, as one
// line.
int record_process(const settings::CommandLine& line) {
  const auto given = line.extra[kProcessFlag].as<std::string>();
  const auto first = given.find(':'), last = given.rfind(':');
  const auto& table = explain::experiment_table();
  const auto experiment = std::ranges::find(table, given.substr(0, first), &explain::Experiment::name);
  if (first == last || experiment == table.end()) throw ConfigError("--process: " + given);
  auto context = explain_context(line);
  context.options.threads = settings::apply_threads(line.settings).used;
  context.topology = bench::read_topology();
  context.progress = [](const std::string&) { cli::check_interrupt("stopped while measuring"); };
  context.counters = std::make_shared<bench::Counters>();
  const auto recording =
      explain::record_experiment(context, *experiment, std::stod(given.substr(first + 1, last - first - 1)),
                                 std::stod(given.substr(last + 1)));
  fmt::print("{}\n", explain::recording_text(recording));
  return static_cast<int>(cli::ExitCode::ok);
}

// The same words once more, in a fresh process.
explain::Recording run_process(std::vector<std::string> words, const std::string& experiment, double seconds,
                               double budget_s) {
  words.insert(words.begin(), "explain");
  words.push_back(fmt::format("--{}={}:{}:{}", kProcessFlag, experiment, seconds, budget_s));
  const auto [end, output] = bench::run_process("study", words);
  cli::check_interrupt("stopped while measuring");
  if (!end.ok())
    throw UnsupportedError(fmt::format("the process ended with {} {}", end.signal != 0 ? "signal" : "code",
                                       end.signal != 0 ? end.signal : end.code));
  return explain::recording_of(output);
}

int explain(const settings::CommandLine& line, const std::vector<std::string>& words) {
  auto context = explain_context(line);
  context.options.threads = settings::apply_threads(line.settings).used;
  const auto folder = new_folder(line, context.options);
  context.topology = bench::read_topology();
  context.progress = show_progress;
  context.run_process = [&words](const std::string& experiment, double seconds, double budget_s) {
    return run_process(words, experiment, seconds, budget_s);
  };
  explain::ExplainReport report;
  report.command = bench::own_command_line();
  report.settings = explain_settings(context.options, line);
  const auto environment = bench::read_environment();
  report.environment = bench::environment_fields(environment);
  context.cpu = environment.cpu_model;
  context.progress("machine: starting");
  bench::MachineOptions machine;
  const bool is_short = context.options.budget_s < 120;  // all limits would take much of the budget
  if (is_short) machine.scope = bench::MachineScope::roofline;
  machine.thread_counts = {1};
  if (context.options.threads > 1) machine.thread_counts.push_back(context.options.threads);
  context.machine = bench::measure_machine(machine);
  report.machine = bench::to_json(context.machine, environment);
  context.counters = std::make_shared<bench::Counters>();
  const auto program = explain_program(context.options, line);
  report.experiments = explain::run_experiments(context, explain::experiment_table(), program);
  explain::add_account(report.experiments, explain::experiment_table(), program);
  report.longer_run = explain::longer_run(report.experiments, context.options);
  if (is_short)
    report.longer_run.emplace_back(
        "the machine: all of bench_ops --machine from --budget 2m on; here its peaks and bandwidths alone");
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
  syntax.max_positional = static_cast<int>(explain::kMostCompared) + 1;
  syntax.extra.add_options()("variants", po::value<std::string>()->default_value("maxpool,strided"), "")(
      "shapes", po::value<std::string>()->default_value("study"), "")(
      "experiments", po::value<std::string>(), "")("seconds", po::value<double>()->default_value(3), "")(
      "budget", po::value<std::string>()->default_value(kDefaultBudget), "")(
      "peers", po::value<std::string>(), "")("out", po::value<std::string>(), "")("compare", "")(
      "account", "")(kProcessFlag, po::value<std::string>(), "");
  const auto line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}", kExplainHelp);
    for (const auto& experiment : explain::experiment_table())
      fmt::print("  {:<17} {}\n", experiment.name, experiment.question);
    fmt::print("\nSettings:\n{}{}", settings::settings_help(kExplainKeys, {{"data", "random images"}}),
               settings::operators_help("--variants"));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.extra.count("compare") != 0) return compare(line.positional);
  if (line.extra.count("account") != 0) return account(line.positional);
  if (!line.positional.empty())
    throw ConfigError(fmt::format("'{}' is not expected here; files go with --compare, one with --account",
                                  line.positional.front()));
  return line.extra.count(kProcessFlag) != 0 ? record_process(line) : explain(line, args);
}

}  // namespace dsx::commands
