// `study compare`: reads which cells are wanted, looks whether the folder already holds a sweep, and hands
// over to sweep/run_sweep and findings/finish.
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/downsample/downsample.hpp"
#include "kernels/onednn/context.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/flags.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/number_flags.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/compare_help.hpp"
#include "study/commands/until_decided.hpp"
#include "study/findings/finish.hpp"
#include "study/findings/finish_flags.hpp"
#include "study/findings/seeds_plan.hpp"
#include "study/findings/stage_time.hpp"
#include "study/run/run_folder.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/engine.hpp"
#include "study/settings/noise_kind.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/settings/threads.hpp"
#include "study/settings/waiting.hpp"
#include "study/statistics/looks.hpp"
#include "study/sweep/plan_sweep.hpp"
#include "study/sweep/run_sweep.hpp"
#include "study/sweep/sweep_file.hpp"
#include "study/sweep/sweep_text.hpp"
#include "study/sweep/sweep_tracking.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

// What a sweep or its cells decide themselves.
const std::vector<std::string>& keys_left_out() {
  static const std::vector<std::string> keys = {
      "variant", "dtype",  "seed",    "label_noise",        "noise_kind",   "train_images",
      "name",    "resume", "latency", "latency_iterations", "latency_only", "repeat_for"};
  return keys;
}

settings::CommandSyntax syntax_of_compare() {
  settings::CommandSyntax syntax;
  syntax.command = "compare";
  const std::vector<std::string>& without = keys_left_out();
  for (const settings::Field& field : settings::setting_fields())
    if (std::find(without.begin(), without.end(), field.key) == without.end())
      syntax.keys.push_back(field.key);
  auto add = syntax.extra.add_options();
  for (const char* name : {"variants", "seeds", "label-noise", "noise-kinds", "noise-seeds", "train-images",
                           "jobs", "max-seeds", "budget"})
    add(name, po::value<std::string>(), "");
  for (const char* name : {"retry-failed", "dry-run", "json", "plan", "until-decided"}) add(name, "");
  findings::add_finish_flags(syntax.extra);
  return syntax;
}

// Settings that help lists: --out has its own line above, since it means the sweep's folder.
std::vector<std::string> keys_of_cells() {
  std::vector<std::string> keys = syntax_of_compare().keys;
  std::erase(keys, "out");
  return keys;
}

// The built-in images of a sweep: fewer, and fewer epochs, unless they are given; and where nobody says how
// many images, our own kernels, so that cells and all that follows end sooner.
constexpr int kBuiltInTrain = 2048, kBuiltInEpochs = 6;
settings::Settings built_in_defaults(bool whole_recipe) {
  settings::Settings settings;
  settings.synthetic_train = kBuiltInTrain;
  settings.epochs = kBuiltInEpochs;
  if (whole_recipe) {
    settings.engine = "fused";
    settings.algorithm = "fast";
  }
  return settings;
}

// Neither images nor kernels were chosen.
bool wants_whole_recipe(const settings::CommandLine& line) {
  const auto given = [&](const char* key) { return line.sources.count(key) != 0; };
  return !given("synthetic_train") && !given("engine") && !given("algorithm");
}

struct Request {
  settings::CommandLine line;
  sweep::Sweep sweep;
  fs::path folder;
  bool goes_on = false;        // the folder holds a sweep
  double budget_s = INFINITY;  // of --until-decided
};

std::string given(const settings::CommandLine& line, const char* flag) {
  return line.extra.count(flag) != 0 ? line.extra[flag].as<std::string>() : "";
}

void read_axes(const settings::CommandLine& line, sweep::Sweep& sweep) {
  std::vector<std::string> variants;
  for (const downsample::DownsampleOp& op : downsample::downsample_table()) variants.push_back(op.name);
  if (line.extra.count("variants"))
    sweep.variants = sweep::words_from_text(given(line, "variants"), "--variants", variants);
  if (line.extra.count("seeds")) sweep.seeds = sweep::seeds_from_text(given(line, "seeds"), "--seeds");
  if (line.extra.count("label-noise"))
    sweep.rates = sweep::rates_from_text(given(line, "label-noise"), "--label-noise");
  if (line.extra.count("noise-kinds"))
    sweep.noise_kinds =
        sweep::words_from_text(given(line, "noise-kinds"), "--noise-kinds", settings::noise_kind_names());
  if (line.extra.count("train-images"))
    sweep.train_images = sweep::train_images_list(given(line, "train-images"), "--train-images");
  if (sweep.train_images.size() > 1 &&
      std::find(sweep.rates.begin(), sweep.rates.end(), 0.0) == sweep.rates.end())
    throw ConfigError("--train-images: several sizes are run with clean labels; --label-noise must hold 0");
  if (line.extra.count("noise-seeds"))
    sweep.noise_seeds = sweep::seeds_from_text(given(line, "noise-seeds"), "--noise-seeds");
}

// Margins, and when verdicts are drawn: what must be said before the run.
void read_declared(const settings::CommandLine& line, sweep::Sweep& sweep) {
  const findings::FinishOptions finish = findings::finish_options_of(line);
  sweep.margin_auc = finish.margin_auc.value_or(sweep.margin_auc);
  sweep.margin_rate = finish.margin_rate.value_or(sweep.margin_rate);
  const bool until_decided = line.extra.count("until-decided") != 0;
  for (const char* flag : {"max-seeds", "budget"})
    if (line.extra.count(flag) != 0 && !until_decided)
      throw ConfigError(fmt::format("--{}: only with --until-decided", flag));
  if (!until_decided) return;
  constexpr int kMostSeeds = 20;
  const auto most = cli::count_flag(line.extra, "max-seeds", kMostSeeds, 1);
  if (sweep.seeds.size() < 2) throw ConfigError("--until-decided: needs 2 seeds or more to begin with");
  if (sweep.looks.empty()) sweep.looks = statistics::looks_between(sweep.seeds.size(), most);
  if (line.extra.count("max-seeds") != 0 && sweep.looks.back() != std::max(most, sweep.looks.front()))
    throw ConfigError(
        fmt::format("--max-seeds: this sweep's looks end at {} seeds, as fixed before the first; leave it "
                    "out, or choose another --out",
                    sweep.looks.back()));
}

double budget_seconds(const settings::CommandLine& line) {
  const std::string text = given(line, "budget");
  return text.empty() ? INFINITY : cli::seconds_of_flag("budget", text);
}

void warn_of_unused(const settings::CommandLine& line) {
  for (const char* key : {"variant", "seed", "label_noise", "noise_kind", "train_images"}) {
    const auto source = line.sources.find(key);
    if (source != line.sources.end())
      fmt::print(stderr, "study: warning: {}: {} is not used: each cell has its own\n", source->second, key);
  }
}

Request read_request(const std::vector<std::string>& args) {
  const settings::CommandSyntax syntax = syntax_of_compare();
  Request request;
  request.line = settings::parse_command_line(args, syntax, built_in_defaults(false));
  settings::CommandLine& line = request.line;
  if (line.help) return request;
  const bool has_out = line.sources.count("out") != 0;
  request.folder = fs::absolute(line.settings.out).lexically_normal();
  std::error_code ignored;
  request.goes_on = has_out && fs::exists(sweep::sweep_file(request.folder), ignored);
  sweep::Sweep recorded;
  if (request.goes_on) {
    recorded = sweep::read_sweep(request.folder);
    line = settings::parse_command_line(args, syntax, recorded.base);
    request.sweep = recorded;
  } else if (line.settings.data != "synthetic") {
    line = settings::parse_command_line(args, syntax);
  } else if (wants_whole_recipe(line)) {
    line = settings::parse_command_line(args, syntax, built_in_defaults(true));
  }
  warn_of_unused(line);
  read_axes(line, request.sweep);
  read_declared(line, request.sweep);
  request.budget_s = budget_seconds(line);
  settings::make_paths_absolute(line.settings);
  request.sweep.base = line.settings;
  if (request.goes_on) sweep::refuse_another_sweep(request.sweep, recorded, request.folder);
  if (!has_out)
    request.folder =
        fs::absolute(fmt::format("results/compare/{}-{:%Y%m%d-%H%M%S}", run::data_word(line.settings.data),
                                 fmt::localtime(std::time(nullptr))));
  return request;
}

sweep::SweepOptions options_of(const settings::CommandLine& line, const settings::ThreadChoice& threads) {
  sweep::SweepOptions options;
  options.jobs = static_cast<int>(cli::count_flag(line.extra, "jobs", 1, 1));
  if (options.jobs > threads.used) {
    fmt::print(stderr, "study: warning: --jobs {} is more than the {}: using {}\n", options.jobs,
               counted(threads.used, "thread"), threads.used);
    options.jobs = threads.used;
  }
  options.threads_per_job = threads.used / options.jobs;
  options.retry_failed = line.extra.count("retry-failed") != 0;
  options.progress = cli::progress_mode(line.settings.progress);
  return options;
}

// Says what the built-in images of a sweep are, and by which kernels they are learnt, where no one chose.
std::string fewer_images_text(const Request& request) {
  const settings::Settings& s = request.line.settings;
  const bool chosen = request.goes_on || s.data != "synthetic" ||
                      (request.line.sources.count("epochs") && request.line.sources.count("synthetic_train"));
  if (chosen) return "";
  const settings::Settings usual;
  const bool by_recipe = wants_whole_recipe(request.line);
  return fmt::format("{} and {}{}, to end sooner; `study train` has {} and {}{}\n",
                     counted(s.synthetic_train, "built-in training image"), counted(s.epochs, "epoch"),
                     by_recipe ? fmt::format(", --engine {} --algorithm {}", s.engine, s.algorithm) : "",
                     usual.synthetic_train, usual.epochs,
                     by_recipe ? fmt::format(", --engine {}", usual.engine) : "");
}

// A folder that is something else than a sweep stays as it is.
void refuse_other_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (!fs::is_directory(folder, error))
    throw OutputError(folder.string() + ": is not a folder; choose another --out");
  if (fs::exists(sweep::sweep_file(folder), error) || fs::is_directory(folder / "cells", error)) return;
  if (!fs::is_empty(folder, error))
    throw OutputError(folder.string() +
                      ": holds other things than a sweep and is left untouched; choose another --out");
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

bool any_finished(const std::vector<sweep::PlannedCell>& cells) {
  return std::any_of(cells.begin(), cells.end(), [](const sweep::PlannedCell& cell) {
    return sweep::look_at_cell(cell.folder, cell.settings).status == sweep::CellStatus::finished;
  });
}

std::size_t test_images_of(const sweep::SweepData& data) {
  return data.splits.back().negatives + data.splits.back().positives;
}

findings::FinishOptions finish_of(const Request& request, int threads) {
  findings::FinishOptions finish = findings::finish_options_of(request.line);
  finish.threads = threads;
  finish.margin_auc = finish.margin_rate = std::nullopt;  // declared in compare.yaml
  return finish;
}

// All cells, or look by look; `cells` are then those of the seeds that ran.
int run_cells(Request& request, const sweep::SweepData& data, const sweep::SweepOptions& options,
              const findings::FinishOptions& finish, std::vector<sweep::PlannedCell>& cells) {
  if (request.line.extra.count("until-decided") == 0)
    return sweep::run_sweep(request.sweep, cells, data, request.folder, options);
  const int code = run_until_decided(request.sweep, request.folder, options, finish, request.budget_s);
  cells = sweep::plan_cells(request.sweep, sweep::look_at_data(request.sweep), request.folder);
  return code;
}

// Runs what is missing, then the statistics; tells the tracking server how it ended.
int run_and_finish(Request& request, const std::vector<sweep::PlannedCell>& cells,
                   const sweep::SweepData& data, const sweep::SweepOptions& options, int threads) {
  make_folders(request.folder);
  std::fflush(stdout);
  sweep::SweepTracking tracking;
  tracking.begin(request.sweep, data, request.folder, bench::own_command_line());
  int code = 0;
  try {
    const findings::FinishOptions finish = finish_of(request, threads);
    std::vector<sweep::PlannedCell> ran = cells;
    code = run_cells(request, data, options, finish, ran);
    tracking.cells_done(ran);
    if (any_finished(ran)) {
      kernels::set_threads(threads);
      const auto known = sweep::make_estimator(sweep::plan_cells(request.sweep, data, request.folder),
                                               options.threads_per_job);
      fmt::print("{}", findings::what_follows_text(findings::stage_times(request.folder, ran, data, known,
                                                                         finish, options.threads_per_job)));
      std::fflush(stdout);
      const int page = findings::finish_compare(request.folder, finish);
      if (code == 0) code = page;
    }
  } catch (const cli::Interrupted&) {
    tracking.end(request.folder, "KILLED");
    throw;
  } catch (const std::exception&) {
    tracking.end(request.folder, "FAILED");
    throw;
  }
  tracking.end(request.folder, code == 0 ? "FINISHED" : "FAILED");
  fmt::print("Everything is in {}\n", request.folder.string());
  return code;
}

}  // namespace

int compare_command(const std::vector<std::string>& args) {
  // For the estimate's training steps; cells inherit it, and what times them has policies of its own.
  if (!cli::asks_for_help(args)) settings::wait_briefly();
  Request request = read_request(args);
  if (request.line.help) {
    fmt::print("{}{}\nSettings of every cell, with [default]:\n\n{}{}", compare_help(),
               findings::finish_flags_help(), settings::settings_help(keys_of_cells()),
               settings::operators_help("--variants") + compare_examples());
    return static_cast<int>(cli::ExitCode::ok);
  }
  const bool json = request.line.extra.count("json") != 0;
  const bool dry = request.line.extra.count("dry-run") != 0;
  if (json && !dry) throw ConfigError("--json: only with --dry-run");
  refuse_other_folder(request.folder);
  sweep::keep_track_target(request.sweep.base, request.folder);
  const settings::ThreadChoice threads = settings::wanted_threads(request.line.settings);
  sweep::SweepOptions options = options_of(request.line, threads);
  const sweep::SweepData data = sweep::look_at_data(request.sweep);
  const std::vector<sweep::PlannedCell> cells = sweep::plan_cells(request.sweep, data, request.folder);
  options.after_s = [&](const sweep::Estimator& estimator) {
    return findings::total_seconds(findings::stage_times(
        request.folder, cells, data, estimator, finish_of(request, threads.used), options.threads_per_job));
  };
  const sweep::SweepView view{request.sweep, data, cells, request.folder, options};
  if (json) {
    fmt::print("{}\n", json_text(sweep::dry_run_json(view), 2));
    return static_cast<int>(cli::ExitCode::ok);
  }
  fmt::print("{}{}{}", sweep::plan_text(view), fewer_images_text(request),
             settings::unfused_text(request.sweep.base.engine, request.sweep.variants));
  if (request.line.extra.count("plan") != 0) {
    fmt::print("{}", findings::seeds_plan_text(request.folder, request.sweep, test_images_of(data)));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (dry) {
    fmt::print("{}", sweep::dry_run_text(view));
    return static_cast<int>(cli::ExitCode::ok);
  }
  return run_and_finish(request, cells, data, options, threads.used);
}

}  // namespace dsx::commands
