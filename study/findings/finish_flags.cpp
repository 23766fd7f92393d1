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

std::size_t resamples_of(const settings::CommandLine& line, std::size_t otherwise) {
  if (line.extra.count("resamples") == 0) return otherwise;
  constexpr std::size_t kLeast = 100, kMost = 1000000;
  const std::string text = line.extra["resamples"].as<std::string>();
  std::size_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop != text.data() + text.size() || count < kLeast || count > kMost)
    throw ConfigError(
        fmt::format("--resamples: expected an integer from {} to {}, got '{}'", kLeast, kMost, text));
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
  for (const char* name :
       {"resamples", "cost-ratio", "latency-seconds", "explain", "margin-auc", "margin-rate", "claims"})
    add(name, po::value<std::string>(), "");
  for (const char* name : {"no-latency", "latency-again", "no-shift", "no-page"}) add(name, "");
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
      "  --no-latency                leave out the timing of the networks; do so on a busy machine\n"
      "  --latency-seconds S         timed passes for each set of interleaved networks, 100 such sets "
      "[{:g}]\n"
      "  --latency-again             time the networks again, even when DIR/latency.json has their times\n"
      "  --explain FILE              explain.json of a `study explain`, for the page and the claim on memory "
      "access\n"
      "                              [DIR/explain.json, if it is there]\n"
      "  --no-page                   numbers only: do not draw DIR/report\n",
      defaults.resamples, defaults.cost_ratio, defaults.latency_seconds);
}

FinishOptions finish_options_of(const settings::CommandLine& line) {
  FinishOptions options;
  options.command = bench::own_command_line();
  options.progress = line.settings.progress;
  options.resamples = resamples_of(line, options.resamples);
  options.cost_ratio = number_of(line, "cost-ratio", options.cost_ratio, 1000);
  if (line.extra.count("margin-auc") != 0) options.margin_auc = number_of(line, "margin-auc", 1, kMostMargin);
  if (line.extra.count("margin-rate") != 0)
    options.margin_rate = number_of(line, "margin-rate", 5, kMostMargin);
  options.claims = claims_of(line);
  options.latency_seconds = number_of(line, "latency-seconds", options.latency_seconds, 600);
  options.shift = line.extra.count("no-shift") == 0;
  options.latency_again = line.extra.count("latency-again") != 0;
  options.page = line.extra.count("no-page") == 0;
  options.latency = line.extra.count("no-latency") == 0;
  if (line.extra.count("explain") != 0) options.explain = line.extra["explain"].as<std::string>();
  return options;
}

}  // namespace dsx::findings
