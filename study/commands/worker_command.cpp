// `study worker`: one network, block or operator of ours behind the line protocol of
// scripts/peers.d/PROTOCOL.md, so that other libraries can be timed interleaved with it on identical weights
// and inputs.
#include <fmt/core.h>
#include <sys/resource.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/measure/latency.hpp"
#include "bench/measure/measure.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/version.hpp"
#include "net/network.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/commands.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/run/make_network.hpp"
#include "study/run/quantize.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

const std::vector<std::string> kWorkerKeys{"variant", "layout",  "engine",        "algorithm", "dtype",
                                           "batch",   "threads", "oversubscribe", "allow_ref"};

constexpr const char* kWorkerHelp =
    R"(study worker: one network, block or operator behind a line protocol, for scripts/peers

Usage:
  study worker --unit U --mode M --variant V --batch B --threads T --dtype D --weights FILE --input FILE
               [--target FILE] [--layout L] [--engine E] [--algorithm A]

Reads JSON requests on stdin and answers on stdout; scripts/peers.d/PROTOCOL.md describes both and the files.

Settings:
)";

// What is timed: the network, or one block or operator of it, as a list of layers and an input.
struct Unit {
  const char* name;
  const char* yaml;  // empty: the study's network
  int channels, side;
};
const std::vector<Unit>& units() {
  static const std::vector<Unit> table{
      {"network", "", 1, 320},
      {"block1",
       "layers:\n  - Conv2d: {name: conv1, out_channels: 6, kernel_size: 5}\n  - ReLU\n  - Downsample: "
       "{name: pool1}",
       1, 320},
      {"block2",
       "layers:\n  - Conv2d: {name: conv2, out_channels: 16, kernel_size: 5}\n  - ReLU\n  - Downsample: "
       "{name: pool2}",
       6, 158},
      {"pool1", "layers:\n  - Downsample: {name: pool1}", 6, 316},
      {"pool2", "layers:\n  - Downsample: {name: pool2}", 16, 154},
  };
  return table;
}

const Unit& unit_of(const std::string& name) {
  for (const auto& unit : units()) {
    if (unit.name == name) return unit;
  }
  throw ConfigError(
      fmt::format("--unit: '{}' is not known: use network, block1, block2, pool1 or pool2", name));
}

std::vector<float> read_floats(const std::string& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw DataError(path + ": cannot be read");
  if (static_cast<std::size_t>(file.tellg()) != count * sizeof(float)) {
    throw DataError(fmt::format("{}: {} bytes, but {} float32 values are expected", path,
                                static_cast<std::size_t>(file.tellg()), count));
  }
  std::vector<float> values(count);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)));
  return values;
}

std::string text_option(const settings::CommandLine& line, const char* name) {
  if (line.extra.count(name) == 0) throw ConfigError(fmt::format("study worker needs --{}", name));
  return line.extra[name].as<std::string>();
}

class Worker {
 public:
  explicit Worker(const settings::CommandLine& line)
      : training_(text_option(line, "mode") == "train"),
        unit_(unit_of(text_option(line, "unit"))),
        network_(network_of(line)),
        images_(1, 0) {
    load_weights(text_option(line, "weights"));
    if (run::is_int8(network_)) run::quantize_with_any_scale(network_);
    plan_.emplace(network_.make_plan(line.settings.batch, training_));
    images_ = run::AlignedImages(plan_->src_count(), 0);
    // Every input here is 1-channel, or goes into a plan whose source is plain: nchw order of the file,
    // converted once.
    load_input(text_option(line, "input"));
    if (run::is_int8(network_)) calibrate();
    if (training_) load_target(text_option(line, "target"));
    network_steps_ = std::string(unit_.name) == "network";
    if (training_ && network_steps_) {
      net::OptimizerOptions options;
      options.momentum = 0.9;
      options.weight_decay = 1e-4;
      optimizer_ = net::make_optimizer(options, network_.parameters());
    }
    if (!training_ || !network_steps_)
      iterate();  // touches all memory; a network's weights stay as they were given
  }

  void iterate() {
    if (optimizer_) {
      loss_ = net::training_step(*plan_, *optimizer_, 1e-5);
      return;
    }
    plan_->forward();
    if (training_) plan_->backward();  // of a part of a network: there is no loss and nothing to update
  }

  std::map<std::string, double> zeros() {
    return training_ ? std::map<std::string, double>{} : bench::skipped_zeros(*plan_);
  }

  // The values that the protocol compares, in plain order.
  std::vector<float> checked() {
    if (network_steps_ && training_) {
      std::vector<float> losses;
      for (int i = 0; i < 3; ++i) {
        iterate();
        losses.push_back(static_cast<float>(loss_));
      }
      return losses;
    }
    iterate();
    if (!training_) return plan_->result();
    return network_.parameters().all.empty() ? plan_->input_gradient()
                                             : network_.parameters().all.front().get_grad();
  }

 private:
  net::Network network_of(const settings::CommandLine& line) const {
    const std::string yaml = unit_.yaml;
    if (yaml.empty()) return run::declare_network(line.settings);
    net::NetworkOptions options{line.settings.variant, unit_.channels, unit_.side, unit_.side};
    options.partial = true;
    options.input_gradient = unit_.channels > 1;
    return {run::make_context(line.settings), net::parse_network_spec(yaml, unit_.name), options};
  }

  // On the very input, since that is all there is.
  void calibrate() {
    run::quantize_on(network_, plan_->batch(), images_.data());
    plan_.emplace(network_.make_plan(plan_->batch(), training_));
    plan_->set_src(images_.data());
  }

  void load_weights(const std::string& path) {
    std::size_t count = 0;
    for (const auto& p : network_.parameters().all) count += p.count();
    const auto values = read_floats(path, count);
    std::size_t at = 0;
    for (auto& p : network_.parameters().all) {
      p.set(std::span(values).subspan(at, p.count()));
      at += p.count();
    }
  }

  void load_input(const std::string& path) {
    const auto values = read_floats(path, plan_->src_count());
    const auto dims = plan_->src_md().get_dims();
    const bool channels_last = network_.context().layout == kernels::Layout::nhwc;
    const std::size_t channels = dims[1], pixels = static_cast<std::size_t>(dims[2] * dims[3]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t n = i / (channels * pixels), c = i / pixels % channels, p = i % pixels;
      images_.data()[channels_last ? (n * pixels + p) * channels + c : i] = values[i];
    }
    plan_->set_src(images_.data());
  }

  void load_target(const std::string& path) {
    if (std::string(unit_.name) == "network") {
      plan_->set_labels(read_floats(path, static_cast<std::size_t>(plan_->batch())));
    } else {
      plan_->set_result_gradient(read_floats(path, plan_->result().size()));
    }
  }

  bool training_;
  const Unit& unit_;
  net::Network network_;
  std::optional<net::Plan> plan_;
  run::AlignedImages images_;
  std::unique_ptr<net::Optimizer> optimizer_;
  bool network_steps_ = false;
  double loss_ = 0;
};

long involuntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

nlohmann::json timed(Worker& worker, const nlohmann::json& request) {
  for (int i = 0; i < request.value("warmup", 0); ++i) worker.iterate();
  std::vector<std::int64_t> ns;
  const long before = involuntary_switches();
  for (int i = 0; i < request.at("iterations").get<int>(); ++i) {
    ns.push_back(static_cast<std::int64_t>(bench::time_once_ns([&] { worker.iterate(); })));
  }
  return {{"ns", ns}, {"involuntary_switches", involuntary_switches() - before}};
}

nlohmann::json checked(Worker& worker, const nlohmann::json& indices) {
  const auto values = worker.checked();
  std::vector<float> outputs;
  for (const std::size_t i : indices.get<std::vector<std::size_t>>()) outputs.push_back(values.at(i));
  return {{"outputs", outputs}, {"count", values.size()}};
}

void serve(Worker& worker, const std::string& layout) {
  const auto onednn = kernels::onednn_info();
  nlohmann::json ready{
      {"ready", true},
      {"name", "DownScaleXR " + layout},
      {"version", kProgramVersion},
      {"detail", {{"onednn", onednn.version}, {"isa", onednn.effective_isa}, {"commit", kProgramCommit}}}};
  if (const auto zeros = worker.zeros(); !zeros.empty()) ready["detail"]["zeros"] = zeros;
  fmt::print("{}\n", json_text(ready));
  std::fflush(stdout);
  for (std::string request_line; std::getline(std::cin, request_line);) {
    if (request_line.empty()) continue;
    nlohmann::json answer;
    try {
      const auto request = nlohmann::json::parse(request_line);
      answer = request.contains("check") ? checked(worker, request["check"]) : timed(worker, request);
    } catch (const std::exception& error) {
      throw ConfigError(fmt::format("request '{}': {}", request_line, error.what()));
    }
    fmt::print("{}\n", json_text(answer));
    std::fflush(stdout);
  }
}

}  // namespace

int worker_command(const std::vector<std::string>& args) {
  namespace po = boost::program_options;
  settings::CommandSyntax syntax;
  syntax.command = "worker";
  syntax.keys = kWorkerKeys;
  syntax.aliases = {{"data-type", "dtype"}};
  auto add = syntax.extra.add_options();
  for (const char* name : {"unit", "mode", "weights", "input", "target"})
    add(name, po::value<std::string>(), "");
  const auto line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kWorkerHelp, settings::settings_help(kWorkerKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  const auto mode = text_option(line, "mode");
  if (mode != "forward" && mode != "train")
    throw ConfigError(fmt::format("--mode: '{}' is not known: use forward or train", mode));
  settings::apply_threads(line.settings);
  Worker worker(line);
  serve(worker, line.settings.layout);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
