// `study predict`: images in, probabilities and decisions out, as a table, CSV or JSON.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/onednn/layout.hpp"
#include "study/cli/csv.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/run/predict.hpp"
#include "study/run/quantize.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"
#include "study/training/metrics.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const std::vector<std::string> kPredictKeys{"skip_bad_images", "batch",         "layout",
                                            "engine",          "algorithm",     "dtype",
                                            "threads",         "oversubscribe", "progress"};

constexpr const char* kPredictHelp = R"(study predict: what a run's network predicts for images

Usage:
  study predict RUN IMAGE-or-DIR... [--csv|--json] [FLAGS]

RUN is a run's folder, or one made by `study import`. Images are prepared as the run's were; one of another size or
kind is converted, and its note says so. An image whose probability is at or above the threshold is called positive.
An image that cannot be read gets a line on stderr, and the exit code is 3 at the end; the others are still predicted.

  --threshold-from RULE       val: the threshold that the run chose on its val split; 0.5 [val]
  --checkpoint NAME           best or last [best]
  --csv, --json               instead of a table

)";

struct Decider {
  double logit_threshold = 0;
  std::string rule = "0.5", negative = "negative", positive = "positive";
  const std::string& decide(const run::ImagePrediction& image) const {
    return image.logit >= logit_threshold ? positive : negative;
  }
};

// "val", "0.5", or "" when nothing was asked for.
std::string asked_rule(const po::variables_map& flags) {
  const std::string asked = flags.count("threshold-from") ? flags["threshold-from"].as<std::string>() : "";
  if (!asked.empty() && asked != "val" && asked != "0.5" && asked != ".5")
    throw ConfigError(fmt::format("--threshold-from: expected val or 0.5, got '{}'", asked));
  return asked;
}

Decider make_decider(const run::OpenedRun& run, const po::variables_map& flags) {
  const std::string asked = asked_rule(flags);
  Decider decider;
  if (run.class_names.size() == 2) {
    decider.negative = run.class_names[0];
    decider.positive = run.class_names[1];
  }
  if (!asked.empty() && asked != "val") return decider;
  if (!run.logit_threshold) {
    const std::string why = fmt::format("{}: no threshold was chosen on val for its {} weights",
                                        run.folder.string(), run.checkpoint);
    if (asked == "val") throw DataError(why + "; use --threshold-from 0.5");
    fmt::print(stderr, "study: warning: {}: using 0.5\n", why);
    return decider;
  }
  decider.logit_threshold = *run.logit_threshold;
  decider.rule = "val";
  return decider;
}

void print_predictions_csv(const std::vector<run::ImagePrediction>& images, const Decider& decider) {
  fmt::print("image,probability,decision,threshold,logit,load_ms,network_ms,note,problem\n");
  for (const run::ImagePrediction& i : images) {
    const std::string name = cli::csv_cell(i.path.string());
    if (!i.problem.empty()) {
      fmt::print("{},,,,,,,,{}\n", name, cli::csv_cell(i.problem));
    } else {
      fmt::print("{},{:.9g},{},{:.9g},{:.9g},{:.4f},{:.4f},{},\n", name, i.probability,
                 cli::csv_cell(decider.decide(i)), training::sigmoid(decider.logit_threshold), i.logit,
                 i.load_ns / 1e6, i.network_ns / 1e6, cli::csv_cell(i.note));
    }
  }
}

void print_predictions_json(const run::OpenedRun& run, const std::vector<run::ImagePrediction>& images,
                            const Decider& decider) {
  nlohmann::ordered_json json{{"run", run.folder.string()},
                              {"checkpoint", run.checkpoint},
                              {"epoch", run.epoch},
                              {"dtype", kernels::dtype_name(run.network.context().dtype)},
                              {"threshold", training::sigmoid(decider.logit_threshold)},
                              {"threshold_from", decider.rule},
                              {"positive_class", decider.positive},
                              {"images", nlohmann::ordered_json::array()}};
  for (const run::ImagePrediction& i : images) {
    nlohmann::ordered_json row{{"image", i.path.string()}};
    if (i.problem.empty()) {
      row.update({{"probability", i.probability},
                  {"decision", decider.decide(i)},
                  {"logit", i.logit},
                  {"load_ms", i.load_ns / 1e6},
                  {"network_ms", i.network_ns / 1e6},
                  {"note", i.note}});
    } else {
      row["problem"] = i.problem;
    }
    json["images"].push_back(std::move(row));
  }
  fmt::print("{}\n", json_text(json, 2));
}

void print_predictions_table(const run::OpenedRun& run, const std::vector<run::ImagePrediction>& images,
                             const Decider& decider) {
  fmt::print("{}, {} weights (epoch {}), {}, threshold {} from {}; positive class: {}\n", one_line(run.name),
             run.checkpoint, run.epoch, kernels::dtype_name(run.network.context().dtype),
             cli::fixed(training::sigmoid(decider.logit_threshold), 3), decider.rule,
             one_line(decider.positive));
  cli::TextTable table({"image", "probability", "decision", "load ms", "network ms", "note"});
  std::size_t positive = 0, decided = 0;
  for (const run::ImagePrediction& i : images) {
    if (!i.problem.empty()) {
      table.add({i.path.string(), "n/a", "none", "-", "-", i.problem});
      continue;
    }
    ++decided;
    positive += i.logit >= decider.logit_threshold ? 1 : 0;
    table.add({i.path.string(), cli::fixed(i.probability, 4), decider.decide(i),
               cli::fixed(i.load_ns / 1e6, 2), cli::fixed(i.network_ns / 1e6, 2), i.note});
  }
  fmt::print("{}{}: {} {}, {} {}\n", table.str(), counted(images.size(), "image"), decided - positive,
             one_line(decider.negative), positive, one_line(decider.positive));
}

// One line each on stderr. Throws DataError unless they may be skipped and something is left.
void report_problems(const std::vector<run::ImagePrediction>& images, bool may_skip) {
  std::size_t bad = 0;
  for (const run::ImagePrediction& i : images) {
    if (i.problem.empty()) continue;
    ++bad;
    fmt::print(stderr, "study: warning: {}: {}\n", one_line(i.path.string()), i.problem);
  }
  if (bad == 0 || (may_skip && bad < images.size())) return;
  std::fflush(stdout);
  throw DataError(fmt::format("{} of {} could not be decided, see above{}", bad,
                              counted(images.size(), "image"),
                              may_skip ? "" : "; --skip-bad-images accepts that"));
}

settings::CommandSyntax make_syntax() {
  settings::CommandSyntax syntax{.command = "predict", .keys = kPredictKeys, .max_positional = 1'000'000};
  syntax.extra.add_options()("threshold-from", po::value<std::string>(), "")(
      "checkpoint", po::value<std::string>()->default_value("best"), "")("csv", po::bool_switch(), "")(
      "json", po::bool_switch(), "");
  return syntax;
}

}  // namespace

int predict_command(const std::vector<std::string>& args) {
  const settings::CommandSyntax syntax = make_syntax();
  settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kPredictHelp, settings::settings_help(kPredictKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.size() < 2)
    throw ConfigError("study predict: which run, which images? e.g. study predict RUN IMAGE-or-DIR...");
  const bool csv = line.extra["csv"].as<bool>(), json = line.extra["json"].as<bool>();
  if (csv && json) throw ConfigError("--csv and --json exclude each other");
  asked_rule(line.extra);
  const fs::path folder = line.positional[0];
  settings::Settings defaults = run::settings_of_run(folder);
  defaults.threads = 0;  // of this machine, not of the run's
  defaults.skip_bad_images = false;
  defaults.progress = "auto";
  line = settings::parse_command_line(args, syntax, defaults);
  const run::FoundImages found = run::find_images({line.positional.begin() + 1, line.positional.end()});
  const std::vector<fs::path>& paths = found.paths;
  for (const std::string& left_out : found.left_out) fmt::print(stderr, "study: {}\n", left_out);
  settings::apply_threads(line.settings);
  run::OpenedRun run = run::open_run(folder, line.extra["checkpoint"].as<std::string>(), line.settings);
  if (run::is_int8(run.network)) fmt::print(stderr, "study: {}\n", run::quantize_run(run));
  const Decider decider = make_decider(run, line.extra);
  cli::ProgressBar progress(cli::progress_mode(line.settings.progress), "predicting", paths.size());
  const std::vector<run::ImagePrediction> images = run::predict_images(run, paths, progress);
  progress.finish();
  if (csv) {
    print_predictions_csv(images, decider);
  } else if (json) {
    print_predictions_json(run, images, decider);
  } else {
    print_predictions_table(run, images, decider);
  }
  report_problems(images, line.settings.skip_bad_images);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
