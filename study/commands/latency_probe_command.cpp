// `study latency-probe`: the process that compare starts to time its variants. Not for people;
// analysis/latency_run.hpp says what becomes of the samples.
#include <fmt/core.h>

#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "bench/measure/latency.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/analysis/latency_run.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/latency_grid.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/run/make_network.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"
#include "study/sweep/child.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

// A process that competes for a core or for memory, for as long as this lives.
class Load {
 public:
  explicit Load(const std::string& kind) {
    if (kind == "none") return;
    pid_ = sweep::start_child({"latency-load", kind}, "/dev/null");
    constexpr int settle_ms = 200;  // until it has touched its memory
    std::this_thread::sleep_for(std::chrono::milliseconds(settle_ms));
    if (poll_process(pid_)) throw DataError("the competing load did not start");
  }
  ~Load() {
    if (pid_ <= 0) return;
    sweep::stop_child(pid_);
    wait_process(pid_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  pid_t pid_ = 0;
};

struct Timed {
  net::Network network;
  net::Plan plan;
  run::AlignedImages images;
  Timed(const settings::Settings& settings, int batch)
      : network(run::make_network(settings)),
        plan(network.make_plan(batch, false)),
        images(plan.src_count(), settings.seed) {
    plan.set_src(images.data());
  }
};

struct Probe {
  settings::Settings settings;
  std::vector<std::string> variants;
  double seconds = 2;
  Json sets = Json::array();

  void run(int repeat, int batch) {
    std::vector<std::unique_ptr<Timed>> networks;  // made anew for each repeat: other addresses, other luck
    std::vector<bench::Arm> arms;
    std::map<std::string, std::map<std::string, double>> zeros;  // by variant
    for (const std::string& variant : variants) {
      settings.variant = variant;
      networks.push_back(std::make_unique<Timed>(settings, batch));
      zeros[variant] = bench::skipped_zeros(networks.back()->plan);
      arms.push_back({variant, [plan = &networks.back()->plan] { plan->forward(); }, {}});
    }
    for (const std::string load : analysis::kLatencyLoads) {
      const Load beside(load);
      bench::MeasureOptions options;
      options.settle_runs = 1;
      options.min_rounds = 5;
      options.min_time_s = load == "none" ? 3 * seconds : seconds;
      options.max_time_s = 3 * options.min_time_s;
      options.seed = static_cast<std::uint64_t>(repeat);
      options.keep_going = [](int) {
        cli::check_interrupt("stopped while measuring latency");
        return true;
      };
      const bench::Neighbours neighbours;
      const auto results = bench::measure(arms, options);
      const bench::NeighbourUse use = neighbours.use();
      for (const bench::Result& result : results) {
        std::vector<double> ms;
        for (const double ns : result.samples_ns) ms.push_back(ns / 1e6);
        const bool known = load == "none" && use.not_available.empty();
        sets.push_back({{"variant", result.name},
                        {"wait", ""},
                        {"load", load},
                        {"batch", batch},
                        {"repeat", repeat},
                        {"disturbed", result.disturbed_samples},
                        {"neighbours", known ? Json(use.others + use.stolen) : Json(nullptr)},
                        {"zeros", zeros.at(result.name)},
                        {"ms", ms}});
      }
    }
  }
};

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::string probe_option(const settings::CommandLine& line, const char* name) {
  if (line.extra.count(name) == 0) throw ConfigError(fmt::format("study latency-probe needs --{}", name));
  return line.extra[name].as<std::string>();
}

}  // namespace

int latency_probe_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "latency-probe";
  syntax.keys = analysis::latency_keys();
  for (const char* key : {"threads", "oversubscribe", "seed"}) syntax.keys.emplace_back(key);
  auto add = syntax.extra.add_options();
  for (const char* name : {"variants", "samples"}) add(name, po::value<std::string>(), "");
  add("seconds", po::value<double>()->default_value(2), "");
  add("grid", "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("study latency-probe --variants A,B --samples FILE [--seconds S] [--grid]\n{}",
               settings::settings_help(syntax.keys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  settings::apply_threads(line.settings);
  if (line.extra.count("grid") != 0) {
    const Json grid = measure_latency_grid(line.settings, line.extra["seconds"].as<double>());
    data::write_file_atomically(probe_option(line, "samples"), json_text(grid) + "\n");
    return static_cast<int>(cli::ExitCode::ok);
  }
  Probe probe;
  probe.settings = line.settings;
  probe.variants = split_list(probe_option(line, "variants"));
  probe.seconds = line.extra["seconds"].as<double>();
  for (int repeat = 1; repeat <= analysis::kLatencyRepeats; ++repeat)
    for (const int batch : analysis::kLatencyBatchSizes) probe.run(repeat, batch);
  data::write_file_atomically(probe_option(line, "samples"), json_text(Json{{"sets", probe.sets}}) + "\n");
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
