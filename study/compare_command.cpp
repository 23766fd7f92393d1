// `study compare`: reads which cells are wanted, looks whether the folder already holds a sweep, and hands
// over to run_sweep.cpp and analysis.cpp.
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/environment.hpp"
#include "kernels/downsample.hpp"
#include "kernels/error.hpp"
#include "study/command.hpp"
#include "study/command_line.hpp"
#include "study/compare/analysis.hpp"
#include "study/compare/run_sweep.hpp"
#include "study/compare/sweep_file.hpp"
#include "study/exit_code.hpp"
#include "study/label_noise.hpp"
#include "study/run_folder.hpp"
#include "study/text_table.hpp"
#include "study/threads.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr const char* kHelp =
    R"(study compare: train every variant over several seeds and levels of label noise, and compare them.

Usage: study compare [FLAGS] [SETTINGS]

A cell is one variant with one seed and one noise level: a normal run in <out>/cells/<name>, in a process of
its own. All variants of a seed see the same images, splits, order, augmentation and wrong labels, so that
their differences are paired. A finished cell is never run again; a sweep that was stopped or killed goes on
with the same command, or with `study compare --out DIR` alone, and loses at most the epoch that was running.
A cell that fails is reported and does not stop the others.

Cells:
  --variants A,B,...          operators to compare [avgpool,maxpool,strided]
  --seeds 5 | 1,2,7 | 3-6     how many seeds (from 1), or which [3]
  --label-noise R,R,...       shares of training labels made wrong, 0 to 0.5 [0]
  --noise-kinds K,K,...       symmetric, positive_to_negative, negative_to_positive, instance [symmetric]
  --noise-seeds N | 1,2 | ... seeds that also run with noise above 0 [those of --seeds]

Running:
  --jobs N                    cells side by side; they share --threads [1]
  --out DIR                   the sweep's folder; an existing one is gone on with, and may get more variants,
                              seeds or noise [results/compare/DATA-TIME]
  --retry-failed              try cells again that failed before
  --dry-run                   list the cells, how far each is, how long it may take, and its own command
  --json                      with --dry-run: the same as JSON, for scripts/workflows/Snakefile

A cell's own command runs anywhere; its folder, put into <out>/cells, counts as finished. Folders of several
machines merge that way: copy all cells into one and run `study compare --out` on it.

Files in DIR:
  compare.yaml                the sweep: cells and settings
  cells/NAME/                 run.h5, summary.json, config.yaml and checkpoints of each cell
  logs/NAME.log               what each cell printed

Without --data and settings, the built-in images are made fewer (see the first lines of output), so that the
default sweep ends in a few minutes.

Exit code: 0 when all cells are finished, else that of the first one that failed (`study --help` lists them);
130 when stopped.

)";

constexpr const char* kExamples = R"(Examples:
  study compare                                                built-in data, a few minutes
  study compare --data chest_xray --seeds 5 --epochs 10
  study compare --data chest_xray --seeds 5 --noise-seeds 3 --label-noise 0,0.2 --out results/compare/noise
  study compare --out results/compare/noise                    go on with it
  study compare --seeds 2 --jobs 2 --dry-run
)";

// What a sweep or its cells decide themselves.
const std::vector<std::string>& keys_left_out() {
  static const std::vector<std::string> keys = {
      "variant", "seed",    "label_noise",        "noise_kind",   "name",
      "resume",  "latency", "latency_iterations", "latency_only", "repeat_for"};
  return keys;
}

CommandSyntax syntax_of_compare() {
  CommandSyntax syntax;
  syntax.command = "compare";
  const std::vector<std::string>& without = keys_left_out();
  for (const Field& field : setting_fields())
    if (std::find(without.begin(), without.end(), field.key) == without.end())
      syntax.keys.push_back(field.key);
  auto add = syntax.extra.add_options();
  for (const char* name : {"variants", "seeds", "label-noise", "noise-kinds", "noise-seeds", "jobs"})
    add(name, po::value<std::string>(), "");
  for (const char* name : {"retry-failed", "dry-run", "json"}) add(name, "");
  return syntax;
}

// The built-in images of a sweep: fewer, and fewer epochs, unless they are given.
constexpr int kBuiltInTrain = 2048, kBuiltInEpochs = 4;
Settings built_in_defaults() {
  Settings settings;
  settings.synthetic_train = kBuiltInTrain;
  settings.epochs = kBuiltInEpochs;
  return settings;
}

struct Request {
  CommandLine line;
  Sweep sweep;
  fs::path folder;
  bool goes_on = false;  // the folder holds a sweep
};

std::string given(const CommandLine& line, const char* flag) {
  return line.extra.count(flag) != 0 ? line.extra[flag].as<std::string>() : "";
}

void read_axes(const CommandLine& line, Sweep& sweep) {
  std::vector<std::string> variants;
  for (const DownsampleOp& op : downsample_table()) variants.push_back(op.name);
  if (line.extra.count("variants"))
    sweep.variants = words_from_text(given(line, "variants"), "--variants", variants);
  if (line.extra.count("seeds")) sweep.seeds = seeds_from_text(given(line, "seeds"), "--seeds");
  if (line.extra.count("label-noise"))
    sweep.rates = rates_from_text(given(line, "label-noise"), "--label-noise");
  if (line.extra.count("noise-kinds"))
    sweep.noise_kinds = words_from_text(given(line, "noise-kinds"), "--noise-kinds", noise_kind_names());
  if (line.extra.count("noise-seeds"))
    sweep.noise_seeds = seeds_from_text(given(line, "noise-seeds"), "--noise-seeds");
}

void warn_of_unused(const CommandLine& line) {
  for (const char* key : {"variant", "seed", "label_noise", "noise_kind"}) {
    const auto source = line.sources.find(key);
    if (source != line.sources.end())
      fmt::print(stderr, "study: warning: {}: {} is not used: each cell has its own\n", source->second, key);
  }
}

Request read_request(const std::vector<std::string>& args) {
  const CommandSyntax syntax = syntax_of_compare();
  Request request;
  request.line = parse_command_line(args, syntax, built_in_defaults());
  CommandLine& line = request.line;
  if (line.help) return request;
  const bool has_out = line.sources.count("out") != 0;
  request.folder = fs::absolute(line.settings.out).lexically_normal();
  std::error_code ignored;
  request.goes_on = has_out && fs::exists(sweep_file(request.folder), ignored);
  Sweep recorded;
  if (request.goes_on) {
    recorded = read_sweep(request.folder);
    line = parse_command_line(args, syntax, recorded.base);
    request.sweep = recorded;
  } else if (line.settings.data != "synthetic") {
    line = parse_command_line(args, syntax);
  }
  warn_of_unused(line);
  read_axes(line, request.sweep);
  make_paths_absolute(line.settings);
  request.sweep.base = line.settings;
  if (request.goes_on) refuse_another_sweep(request.sweep, recorded, request.folder);
  if (!has_out)
    request.folder =
        fs::absolute(fmt::format("results/compare/{}-{:%Y%m%d-%H%M%S}", data_word(line.settings.data),
                                 fmt::localtime(std::time(nullptr))));
  return request;
}

int jobs_of(const CommandLine& line) {
  const std::string text = line.extra.count("jobs") != 0 ? given(line, "jobs") : "1";
  int jobs = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (error != std::errc() || stop != text.data() + text.size() || jobs < 1)
    throw ConfigError(fmt::format("--jobs: expected an integer of at least 1, got '{}'", text));
  return jobs;
}

SweepOptions options_of(const CommandLine& line) {
  const ThreadChoice threads =
      choose_threads(line.settings.threads, line.settings.oversubscribe, usable_cpu_count());
  if (!threads.warning.empty()) fmt::print(stderr, "study: warning: {}\n", threads.warning);
  SweepOptions options;
  options.jobs = jobs_of(line);
  if (options.jobs > threads.used) {
    fmt::print(stderr, "study: warning: --jobs {} is more than the {} threads: using {}\n", options.jobs,
               threads.used, threads.used);
    options.jobs = threads.used;
  }
  options.threads_per_job = threads.used / options.jobs;
  options.retry_failed = line.extra.count("retry-failed") != 0;
  options.progress = progress_mode(line.settings.progress);
  return options;
}

std::vector<std::string> words_of(const PlannedCell& cell) {
  std::vector<std::string> words = {"train"};
  for (std::string& flag : flags_of(cell.settings)) words.push_back(std::move(flag));
  return words;
}

std::string command_of(const PlannedCell& cell) {
  std::string command("study");
  for (const std::string& word : words_of(cell)) command.append(1, ' ').append(shell_quoted(word));
  return command;
}

std::string plan_text(const Request& request, const SweepData& data, const std::vector<PlannedCell>& cells,
                      const SweepOptions& options) {
  const Sweep& sweep = request.sweep;
  std::string text = data.description + "\n";
  for (const SplitCount& split : data.splits)
    text += fmt::format("{:<5} {} {}, {} {}\n", to_string(split.split), split.negatives,
                        data.class_names.at(0), split.positives, data.class_names.at(1));
  const auto built_in = [&](const char* key) { return request.line.sources.count(key) == 0; };
  if (sweep.base.data == "synthetic" && !request.goes_on &&
      (built_in("epochs") || built_in("synthetic_train")))
    text += fmt::format(
        "fewer built-in images and epochs than `study train` has, to end in a few minutes; "
        "--synthetic-train {} --epochs {} gives all\n",
        Settings{}.synthetic_train, Settings{}.epochs);
  text += fmt::format("{} over seeds {}; label noise {}", fmt::join(sweep.variants, ", "),
                      fmt::join(sweep.seeds, ", "), fmt::join(sweep.rates, ", "));
  if (std::any_of(sweep.rates.begin(), sweep.rates.end(), [](double rate) { return rate > 0; })) {
    text += fmt::format(" ({})", fmt::join(sweep.noise_kinds, ", "));
    if (!sweep.noise_seeds.empty())
      text += fmt::format(", with noise only seeds {}", fmt::join(sweep.noise_seeds, ", "));
  }
  const auto finished = std::count_if(cells.begin(), cells.end(), [](const PlannedCell& cell) {
    return cell.state.status == CellStatus::finished;
  });
  return text +
         fmt::format("\n{} cells of {} epochs, {} of them finished; {} at a time with {} threads\n{}\n",
                     cells.size(), sweep.base.epochs, finished, options.jobs, options.threads_per_job,
                     request.folder.string());
}

void print_dry_run(const Request& request, const SweepData& data, const std::vector<PlannedCell>& cells,
                   const SweepOptions& options) {
  const Estimator estimator = make_estimator(cells, options.threads_per_job, true);
  double total = 0;
  TextTable table({"cell", "state", "epochs", "about"});
  for (const PlannedCell& cell : cells) {
    const bool skipped = cell.state.status == CellStatus::failed && !options.retry_failed;
    const double left = skipped ? 0 : seconds_left(cell, estimator, data.train_images);
    total += left;
    table.add({name_of(cell.spec), to_string(cell.state.status),
               fmt::format("{}/{}", cell.state.epochs_done, cell.settings.epochs),
               left > 0 ? duration(left) : "-"});
  }
  fmt::print("{}about {} in all\n\n{}\n", plan_text(request, data, cells, options),
             duration(total / options.jobs), table.str());
  fmt::print("Each cell by itself, anywhere:\n");
  for (const PlannedCell& cell : cells) {
    fmt::print("{}\n", command_of(cell));
  }
}

void print_json(const Request& request, const SweepData& data, const std::vector<PlannedCell>& cells,
                const SweepOptions& options) {
  using Json = nlohmann::ordered_json;
  const Estimator estimator = make_estimator(cells, options.threads_per_job, true);
  Json list = Json::array();
  for (const PlannedCell& cell : cells) {
    list.push_back({{"name", name_of(cell.spec)},
                    {"variant", cell.spec.variant},
                    {"seed", cell.spec.seed},
                    {"noise_kind", cell.spec.noise_kind},
                    {"label_noise", cell.spec.noise_rate},
                    {"state", to_string(cell.state.status)},
                    {"epochs_done", cell.state.epochs_done},
                    {"seconds_left", seconds_left(cell, estimator, data.train_images)},
                    {"folder", cell.folder.string()},
                    {"arguments", words_of(cell)},
                    {"command", command_of(cell)}});
  }
  const Json json = {{"format", "downscalexr-sweep"},
                     {"version", 1},
                     {"folder", request.folder.string()},
                     {"threads", options.threads_per_job},
                     {"cells", list}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"cells", "logs"}) {
    fs::create_directories(folder / name, error);
    if (error)
      throw OutputError(fmt::format("{}: cannot be made: {}; choose another --out", (folder / name).string(),
                                    error.message()));
  }
}

bool any_finished(const std::vector<PlannedCell>& cells) {
  return std::any_of(cells.begin(), cells.end(), [](const PlannedCell& cell) {
    return look_at_cell(cell.folder, cell.settings).status == CellStatus::finished;
  });
}

}  // namespace

int compare_command(const std::vector<std::string>& args) {
  const Request request = read_request(args);
  if (request.line.help) {
    fmt::print("{}Settings of every cell, with [default]:\n\n{}{}", kHelp,
               settings_help(syntax_of_compare().keys), kExamples);
    return static_cast<int>(ExitCode::ok);
  }
  const bool json = request.line.extra.count("json") != 0;
  const bool dry = request.line.extra.count("dry-run") != 0;
  if (json && !dry) throw ConfigError("--json: only together with --dry-run");
  const SweepOptions options = options_of(request.line);
  const SweepData data = look_at_data(request.sweep);
  const std::vector<PlannedCell> cells = plan_cells(request.sweep, data, request.folder);
  if (dry) {
    json ? print_json(request, data, cells, options) : print_dry_run(request, data, cells, options);
    return static_cast<int>(ExitCode::ok);
  }
  make_folders(request.folder);
  fmt::print("{}", plan_text(request, data, cells, options));
  std::fflush(stdout);
  const int code = run_sweep(request.sweep, cells, data, request.folder, options);
  if (any_finished(cells)) finish_compare(request.folder);
  fmt::print("Everything is in {}\n", request.folder.string());
  return code;
}

}  // namespace dsx
