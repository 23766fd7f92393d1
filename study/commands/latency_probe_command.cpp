// `study latency-probe`: one of the processes that compare starts to time its variants. Not for people;
// analysis/latency_run.hpp says what becomes of the samples.
#include <fmt/core.h>

#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <thread>

#include "bench/machine/memory_probe.hpp"
#include "bench/measure/latency.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "bench/measure/topology.hpp"
#include "data/io/files.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/random.hpp"
#include "study/analysis/latency_file.hpp"
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

// The variants' networks at one batch size.
struct Batch {
  int size;
  std::vector<std::unique_ptr<Timed>> networks;
  std::vector<bench::Arm> arms;
  std::map<std::string, std::map<std::string, double>> zeros;  // by variant

  Batch(settings::Settings settings, const std::vector<std::string>& variants, int batch) : size(batch) {
    for (const std::string& variant : variants) {
      settings.variant = variant;
      networks.push_back(std::make_unique<Timed>(settings, batch));
      zeros[variant] = bench::skipped_zeros(networks.back()->plan);
      arms.push_back({variant, [plan = &networks.back()->plan] { plan->forward(); }, {}});
    }
  }
};

bench::MeasureOptions options_for(const std::string& load, double seconds, int process) {
  bench::MeasureOptions options;
  options.settle_runs = 1;  // behind the other variants, and behind a reading of the memory system
  options.min_rounds = 5;
  options.min_time_s = load == "none" ? analysis::kLatencyAloneShare * seconds : seconds;
  options.max_time_s = 3 * options.min_time_s;
  options.seed = static_cast<std::uint64_t>(process);
  options.keep_going = [](int) {
    cli::check_interrupt("stopped while measuring latency");
    return true;
  };
  return options;
}

// One set of interleaved variants, beside `load`.
void measure_set(const Batch& batch, const std::string& load, double seconds,
                 analysis::LatencyProcess& process) {
  const Load beside(load);
  const bench::Neighbours neighbours;
  const auto results = bench::measure(batch.arms, options_for(load, seconds, process.number));
  const bench::NeighbourUse use = neighbours.use();
  for (const bench::Result& result : results) {
    analysis::LatencySet set;
    set.variant = result.name;
    set.load = load;
    set.batch = batch.size;
    for (const double ns : result.samples_ns) set.ms.push_back(ns / 1e6);
    set.disturbed = static_cast<double>(result.disturbed_samples);
    const bool known = load == "none" && use.not_available.empty();
    set.neighbours = known ? use.others + use.stolen : std::nan("");
    set.reading = process.memory.size() - 1;
    set.zeros = batch.zeros.at(result.name);
    process.sets.push_back(std::move(set));
  }
}

// All batch sizes and loads, in an order of this process's own: what comes last meets a warmer machine.
void measure_variants(const settings::Settings& settings, const std::vector<std::string>& variants,
                      double seconds, analysis::LatencyProcess& process) {
  Random random({static_cast<std::uint64_t>(process.number), 0x6c6f6164});
  std::vector<int> batches(std::begin(analysis::kLatencyBatchSizes), std::end(analysis::kLatencyBatchSizes));
  random.shuffle(std::span(batches));
  bench::MemoryProbe memory(bench::read_topology());
  for (const int size : batches) {
    const Batch batch(settings, variants, size);
    std::vector<std::string> loads(std::begin(analysis::kLatencyLoads), std::end(analysis::kLatencyLoads));
    random.shuffle(std::span(loads));
    for (const std::string& load : loads) {
      process.memory.push_back(memory.read());
      measure_set(batch, load, seconds, process);
    }
  }
  process.memory.push_back(memory.read());
}

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
  add("process", po::value<int>()->default_value(1), "");
  add("grid", "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("study latency-probe --variants A,B --samples FILE [--seconds S] [--process N] [--grid]\n{}",
               settings::settings_help(syntax.keys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  settings::apply_threads(line.settings);
  analysis::LatencyProcess process;
  process.number = line.extra["process"].as<int>();
  process.start_s = in_seconds(now_ns());  // by the clock that all processes share
  if (line.extra.count("grid") != 0)
    measure_latency_grid(line.settings, process);
  else
    measure_variants(line.settings, split_list(probe_option(line, "variants")),
                     line.extra["seconds"].as<double>(), process);
  data::write_file_atomically(probe_option(line, "samples"), json_text(analysis::to_json(process)) + "\n");
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
