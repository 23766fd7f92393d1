#include "study/findings/finish_flags.hpp"

#include <fmt/core.h>

#include <charconv>

#include "bench/measure/environment.hpp"
#include "kernels/base/error.hpp"

namespace dsx::findings {
namespace {

namespace po = boost::program_options;
constexpr double kMostMargin = 50;  // points, as in compare.yaml

double number_of(const settings::CommandLine& line, const char* flag, double otherwise, double most) {
  if (line.extra.count(flag) == 0) return otherwise;
  const std::string text = line.extra[flag].as<std::string>();
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !(value > 0 && value <= most))
    throw ConfigError(
        fmt::format("--{}: expected a number above 0, at most {:g}, got '{}'", flag, most, text));
  return value;
}

std::size_t count_of(const settings::CommandLine& line, const char* flag, std::size_t otherwise,
                     std::size_t least, std::size_t most) {
  if (line.extra.count(flag) == 0) return otherwise;
  const std::string text = line.extra[flag].as<std::string>();
  std::size_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop != text.data() + text.size() || count < least || count > most)
    throw ConfigError(
        fmt::format("--{}: expected an integer from {} to {}, got '{}'", flag, least, most, text));
  return count;
}

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
  for (const char* name : {"resamples", "cost-ratio", "latency-seconds", "explain", "mechanism-seeds",
                           "mechanism-images", "margin-auc", "margin-rate", "claims"})
    add(name, po::value<std::string>(), "");
  for (const char* name : {"no-latency", "latency-again", "no-shift", "no-swap", "no-mechanism", "no-page"})
    add(name, "");
}

void add_swap_flags(po::options_description& description) {
  description.add_options()("resamples", po::value<std::string>(), "");
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
      "  --no-shift                  leave out how decisions change when the image moves by 1 to 8 pixels\n"
      "  --no-swap                   leave out running every network with every operator (study swap)\n"
      "  --no-mechanism              leave out what operators do to signals and where networks look (`study "
      "mechanism`)\n"
      "  --mechanism-seeds N         seeds per variant whose networks are looked into [{}]\n"
      "  --mechanism-images N        test images per network that are looked at closely [{}]\n"
      "  --no-latency                leave out the timing of the networks; do so on a busy machine\n"
      "  --latency-seconds S         timed passes for each set of interleaved networks, 100 such sets "
      "[{:g}]\n"
      "  --latency-again             time the networks again, even when DIR/latency.json has their times\n"
      "  --explain FILE              explain.json of a `study explain`, for the page and the claim on memory "
      "access\n"
      "                              [DIR/explain.json, if it is there]\n"
      "  --no-page                   numbers only: do not draw DIR/report\n",
      defaults.resamples, defaults.cost_ratio, defaults.mechanism_seeds, defaults.mechanism_images,
      defaults.latency_seconds);
}

FinishOptions finish_options_of(const settings::CommandLine& line) {
  FinishOptions options;
  options.command = bench::own_command_line();
  options.progress = line.settings.progress;
  options.resamples = count_of(line, "resamples", options.resamples, 100, 1000000);
  options.cost_ratio = number_of(line, "cost-ratio", options.cost_ratio, 1000);
  if (line.extra.count("margin-auc") != 0) options.margin_auc = number_of(line, "margin-auc", 1, kMostMargin);
  if (line.extra.count("margin-rate") != 0)
    options.margin_rate = number_of(line, "margin-rate", 5, kMostMargin);
  options.claims = claims_of(line);
  options.latency_seconds = number_of(line, "latency-seconds", options.latency_seconds, 600);
  options.shift = line.extra.count("no-shift") == 0;
  options.swap = line.extra.count("no-swap") == 0;
  options.mechanism = line.extra.count("no-mechanism") == 0;
  options.mechanism_seeds = count_of(line, "mechanism-seeds", options.mechanism_seeds, 1, 1000);
  options.mechanism_images = count_of(line, "mechanism-images", options.mechanism_images, 2, 100000);
  options.latency_again = line.extra.count("latency-again") != 0;
  options.page = line.extra.count("no-page") == 0;
  options.latency = line.extra.count("no-latency") == 0;
  if (line.extra.count("explain") != 0) options.explain = line.extra["explain"].as<std::string>();
  return options;
}

}  // namespace dsx::findings
