#include "study/findings/finish_flags.hpp"

#include <fmt/core.h>

#include "bench/measure/environment.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/number_flags.hpp"

namespace dsx::findings {
namespace {

namespace po = boost::program_options;
constexpr double kMostMargin = 50;  // points, as in compare.yaml

std::string claims_of(const settings::CommandLine& line) {
  if (line.extra.count("claims") == 0) return "auto";
  const std::string text = line.extra["claims"].as<std::string>();
  if (text != "auto" && text != "original" && text != "none")
    throw ConfigError(fmt::format("--claims: expected original, none or auto, got '{}'", text));
  return text;
}

}  // namespace

void add_finish_flags(po::options_description& description) {
  auto add = description.add_options();
  for (const char* name :
       {"resamples", "cost-ratio", "latency-seconds", "latency-processes", "explain", "mechanism-seeds",
        "mechanism-images", "margin-auc", "margin-rate", "claims", "resized"})
    add(name, po::value<std::string>(), "");
  for (const char* name : {"no-latency", "latency-again", "no-shift", "no-swap", "no-mechanism", "no-page"})
    add(name, "");
}

std::string finish_flags_help() {
  const FinishOptions defaults;
  return fmt::format(
      "Statistics:\n"
      "  --resamples N               of the bootstrap over patients [{}]\n"
      "  --margin-auc P              points of AUC that do not matter, declared before the run [1: an eighth "
      "of "
      "what it falls\n"
      "                              from val to test on the original's data]\n"
      "  --margin-rate P             points of sensitivity, specificity and other shares that do not matter "
      "[5: one "
      "in twenty]\n"
      "  --claims WHICH              judge the original study's claims: original, none, auto (on its data "
      "and the "
      "built-in\n"
      "                              images only) [auto]\n"
      "  --cost-ratio R              what a missed positive costs, in false alarms [{:g}]\n"
      "  --no-shift                  leave out how decisions change when the image is shifted by 1 to 8 "
      "pixels\n"
      "  --no-swap                   leave out running every network with every operator (study swap)\n"
      "  --no-mechanism              leave out what operators do to signals and where networks look (`study "
      "mechanism`)\n"
      "  --mechanism-seeds N         seeds per variant whose networks are looked into [{}]\n"
      "  --mechanism-images N        test images per network that are looked at closely [{}]\n"
      "  --no-latency                leave out the timing of the networks; do so on a busy machine\n"
      "  --latency-processes N       fresh processes of each kind, whose spread the intervals are of: 10 or "
      "more hold\n"
      "                              [{}]\n"
      "  --latency-seconds S         timed passes for each set of interleaved networks, 20 such sets per N "
      "[{:g}]\n"
      "  --latency-again             time the networks again, even when DIR/latency.json has their times\n"
      "  --resized DIR               a comparison that differs in --resize alone: what bilinear sampling "
      "does "
      "to test AUC\n"
      "                              [DIR/resized, if it is there]\n"
      "  --explain FILE              explain.json of a `study explain`, for the page and the claim on memory "
      "access\n"
      "                              [DIR/explain.json, if it is there]\n"
      "  --no-page                   numbers only: do not draw DIR/report\n",
      defaults.resamples, defaults.cost_ratio, defaults.mechanism_seeds, defaults.mechanism_images,
      defaults.latency_processes, defaults.latency_seconds);
}

FinishOptions finish_options_of(const settings::CommandLine& line) {
  FinishOptions options;
  options.command = bench::own_command_line();
  options.progress = line.settings.progress;
  options.resamples = cli::count_flag(line.extra, "resamples", options.resamples, 100, 1000000);
  options.cost_ratio = cli::positive_flag(line.extra, "cost-ratio", options.cost_ratio, 1000);
  if (line.extra.count("margin-auc") != 0)
    options.margin_auc = cli::positive_flag(line.extra, "margin-auc", 1, kMostMargin);
  if (line.extra.count("margin-rate") != 0)
    options.margin_rate = cli::positive_flag(line.extra, "margin-rate", 5, kMostMargin);
  options.claims = claims_of(line);
  options.latency_seconds = cli::positive_flag(line.extra, "latency-seconds", options.latency_seconds, 600);
  options.latency_processes = static_cast<int>(cli::count_flag(
      line.extra, "latency-processes", static_cast<std::size_t>(options.latency_processes), 2, 1000));
  options.shift = line.extra.count("no-shift") == 0;
  options.swap = line.extra.count("no-swap") == 0;
  options.mechanism = line.extra.count("no-mechanism") == 0;
  options.mechanism_seeds = cli::count_flag(line.extra, "mechanism-seeds", options.mechanism_seeds, 1, 1000);
  options.mechanism_images =
      cli::count_flag(line.extra, "mechanism-images", options.mechanism_images, 2, 100000);
  options.latency_again = line.extra.count("latency-again") != 0;
  options.page = line.extra.count("no-page") == 0;
  options.latency = line.extra.count("no-latency") == 0;
  if (line.extra.count("explain") != 0) options.explain = line.extra["explain"].as<std::string>();
  if (line.extra.count("resized") != 0) options.resized = line.extra["resized"].as<std::string>();
  return options;
}

}  // namespace dsx::findings
