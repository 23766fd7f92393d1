// The model, and its report against the measured time of each step.
#include "study/explain/experiments/prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "bench/machine/narrow_read.hpp"
#include "bench/machine/roofline.hpp"
#include "bench/measure/latency.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/explain/recorded_times.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

// Floats in one vector of the instruction set that oneDNN uses.
int vector_lanes() {
  const auto isa = kernels::onednn_info().effective_isa;
  if (isa.find("avx512") != std::string::npos || isa.find("avx10") != std::string::npos) return 16;
  return isa.find("avx") != std::string::npos ? 8 : 4;
}

// Share of the lanes that a step's channels fill: oneDNN vectorizes over output channels (nhwc and blocked).
double filled_lanes(const kernels::Kernel& kernel) {
  const auto found = kernel.arguments.find(DNNL_ARG_DST);
  if (found == kernel.arguments.end() || found->second.get_ndims() < 2) return 1;
  const int lanes = vector_lanes();
  const double channels = static_cast<double>(found->second.get_dims()[1]);
  return channels / (std::ceil(channels / lanes) * lanes);
}

bool uses_fma(const kernels::Kernel& kernel) {
  return kernel.kind == "convolution" || kernel.kind == "inner_product";
}

// Least-recently-used caches at the granularity of whole buffers.
class CacheModel {
 public:
  CacheModel(const bench::Topology& topology, int threads) {
    for (const auto& cache : topology.caches) {
      const int instances = std::max(1, std::min(cache.instances, threads));
      levels_.push_back({fmt::format("L{}", cache.level), static_cast<double>(cache.bytes) * instances});
    }
  }
  // The level where `bytes` at `address` are found; they are the most recent ones afterwards.
  std::string touch(const void* address, double bytes) {
    double distance = bytes;
    std::string level = "memory";
    const auto found =
        std::find_if(stack_.begin(), stack_.end(), [&](const auto& e) { return e.first == address; });
    if (found != stack_.end()) {
      for (auto it = stack_.begin(); it != found; ++it) distance += it->second;
      for (const auto& [name, capacity] : levels_) {
        if (distance <= capacity) {
          level = name;
          break;
        }
      }
      stack_.erase(found);
    }
    stack_.insert(stack_.begin(), {address, bytes});
    return level;
  }

 private:
  std::vector<std::pair<std::string, double>> levels_;
  std::vector<std::pair<const void*, double>> stack_;  // most recent first
};

const char* argument_name(int argument) {
  switch (argument) {
    case DNNL_ARG_SRC:
      return "src";
    case DNNL_ARG_WEIGHTS:
      return "weights";
    case DNNL_ARG_DST:
      return "dst";
    default:
      return nullptr;  // biases and scratchpads: small
  }
}

// What a large matrix product typically reaches (a roofline takes the best instead); the FMA peak where that
// was not measured.
double matrix_gflops(const bench::Machine& machine, int threads) {
  const auto* peak = bench::find_peak(machine, threads, "f32");
  if (peak == nullptr) return 0;
  return peak->gemm_gflops.median > 0 ? peak->gemm_gflops.median : peak->gflops.median;
}

StepPrediction predict_step(const kernels::Step& step, CacheModel& caches, const bench::Machine& machine,
                            int threads, const NarrowRead& narrow_read) {
  StepPrediction prediction;
  prediction.lanes = filled_lanes(step.kernel);
  if (const double rate = matrix_gflops(machine, threads); rate > 0) {
    prediction.compute_ns =
        step.kernel.cost.executed_flop() / (rate * prediction.lanes * (uses_fma(step.kernel) ? 1 : 0.5));
  }
  for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}) {
    const auto memory = step.arguments.find(argument);
    if (memory == step.arguments.end()) continue;
    const auto bytes = static_cast<double>(memory->second.get_desc().get_size());
    const auto level = caches.touch(memory->second.get_data_handle(), bytes);
    const auto* bandwidth = bench::find_bandwidth(machine, threads, level);
    if (bandwidth == nullptr) continue;
    double gbps =
        step.kernel.is_output.at(argument) ? bandwidth->write_gbps.median : bandwidth->read_gbps.median;
    // Convolutions gather their input for many outputs; an operator that passes once over it is bound by its
    // loads.
    if (argument == DNNL_ARG_SRC && narrow_read && !uses_fma(step.kernel)) {
      const auto channels = static_cast<int>(memory->second.get_desc().get_dims()[1]);
      gbps = std::min(gbps, narrow_read(channels, bytes));
    }
    prediction.traffic_ns += bytes / gbps;
    prediction.levels +=
        fmt::format("{}{} {}", prediction.levels.empty() ? "" : ", ", argument_name(argument), level);
  }
  return prediction;
}

// What the residual says, by the term of the model that would have met it.
std::string residual_name(const StepPrediction& p, const kernels::Step& step, double measured_ns) {
  const double ratio = measured_ns / p.ns();
  if (ratio >= 1 / 1.35 && ratio <= 1.35) return "predicted";
  if (ratio < 1)
    return p.roofline_ns() < 1.35 * measured_ns ? "arithmetic and traffic overlap: the roofline predicts it"
                                                : "its arguments were nearer than the model says";
  if (measured_ns < 5e4) return "too short: mostly the call itself";
  const double share = 100 * (p.traffic_ns > p.compute_ns ? p.traffic_ns / (measured_ns - p.compute_ns)
                                                          : p.compute_ns / (measured_ns - p.traffic_ns));
  if (p.traffic_ns > p.compute_ns)
    return fmt::format("{} reaches {:.0f}% of the bandwidth measured for such loads", step.kernel.impl,
                       share);
  return fmt::format("{} reaches {:.0f}% of a matrix product's rate on the lanes it fills", step.kernel.impl,
                     share);
}

// A block's steps in passes through all of them.
RecordedSet time_block(const std::vector<kernels::Step>& steps, const std::vector<std::string>& arms) {
  constexpr int kWarmup = 2, kPasses = 25;
  dnnl::stream stream(steps.front().arguments.begin()->second.get_engine());
  RecordedSet set;
  for (const auto& arm : arms) set.push_back({arm, {}, 0, 0, {}});
  for (int pass = 0; pass < kWarmup + kPasses; ++pass) {
    const auto ns = bench::time_pass_ns(steps, stream);
    for (std::size_t s = 0; pass >= kWarmup && s < ns.size(); ++s) set[s].samples_ns.push_back(ns[s]);
  }
  return set;
}

void report_steps(ExplainContext& context, ExperimentReport& report, const std::string& name,
                  const std::vector<kernels::Step>& steps, const ProcessTimes& times) {
  std::map<std::pair<int, double>, double> known;
  const auto narrow_read = [&](int channels, double bytes) {
    auto& gbps = known[{channels, bytes}];
    if (gbps == 0) gbps = bench::narrow_read_gbps(channels, bytes, context.options.threads);
    return gbps;
  };
  const auto predictions =
      predict_steps(steps, context.machine, context.topology, context.options.threads, narrow_read);
  ReportTable table{name,
                    fmt::format("{}: predicted from peaks and bandwidths, against measured", name),
                    {{"step", ""},
                     {"measured", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3},
                     {"predicted", "ms", 3},
                     {"ratio", "", 2},
                     {"arithmetic", "ms", 3},
                     {"traffic", "ms", 3},
                     {"lanes", "", 2},
                     {"arguments", ""},
                     {"residual", ""}},
                    {}};
  double measured = 0, predicted = 0;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto& p = predictions[s];
    const auto time = times.time_ns(s);
    measured += time.value;
    predicted += p.ns();
    const auto named = residual_name(p, steps[s], time.value);
    table.rows.push_back({steps[s].name, time.value / 1e6, time.low / 1e6, time.high / 1e6, p.ns() / 1e6,
                          time.value / p.ns(), p.compute_ns / 1e6, p.traffic_ns / 1e6, p.lanes, p.levels,
                          named});
    if (named == "predicted" || time.value < 0.02 * measured) continue;
    const double residual_ms = (time.value - p.ns()) / 1e6;
    report.findings.push_back(
        {fmt::format("prediction/{}/{}", name, steps[s].name),
         fmt::format("{} {}: measured {} against {:.2f} ms predicted: {}.", name, steps[s].name,
                     interval_text(scaled(time, 1e-6), "ms"), p.ns() / 1e6, named),
         "ms",
         {residual_ms, (time.low - p.ns()) / 1e6, (time.high - p.ns()) / 1e6},
         false});
  }
  report.tables.push_back(std::move(table));
  report.findings.push_back(
      {fmt::format("prediction/{}", name),
       fmt::format("{}: all steps {:.2f} ms, predicted {:.2f} ms.", name, measured / 1e6, predicted / 1e6),
       "times",
       {measured / predicted, measured / predicted, measured / predicted},
       false});
}

}  // namespace

std::vector<StepPrediction> predict_steps(const std::vector<kernels::Step>& steps,
                                          const bench::Machine& machine, const bench::Topology& topology,
                                          int threads, const NarrowRead& narrow_read) {
  CacheModel caches(topology, threads);
  std::vector<StepPrediction> predictions;
  for (int pass = 0; pass < 2; ++pass) {
    predictions.clear();
    for (const auto& step : steps)
      predictions.push_back(predict_step(step, caches, machine, threads, narrow_read));
  }
  return predictions;
}

void run_prediction(ExplainContext& context, ExperimentReport& report) {
  const auto& options = context.options;
  context.budget.expect_sets(static_cast<int>(options.variants.size()));
  for (const auto& variant : options.variants) {
    if (!context.has_time_for(variant, report)) continue;
    context.budget.take_set();
    context.progress(variant);
    if (context.whole_network) {
      auto network = make_timed_network(context, variant, options.layout);
      const auto times = step_times(context, {network.get()}, options.seconds / 2, report);
      report_steps(context, report, variant, network->plan.forward_steps(), times);
      continue;
    }
    for (const auto& geometry : context.geometries) {
      auto work = bench::build_block(context.spec(geometry, variant, bench::Unit::block));
      work.run();
      const auto name = geometry.name + "_" + variant;
      std::vector<std::string> arms;
      for (const auto& step : work.steps) arms.push_back(name + "/" + step.name);
      const auto times = recorded_times(context, report, arms, [&] { return time_block(work.steps, arms); });
      report_steps(context, report, name, work.steps, times);
    }
  }
  report.notes.emplace_back(
      "predicted is the larger of arithmetic (flop at the measured FMA peak, lanes filled by the channels) "
      "and traffic "
      "(each argument at the measured bandwidth of the level that holds it); a residual beyond 35% is named; "
      "steps are measured over the processes below, the machine's limits in one");
}

namespace {

// "block1 maxpool", "block1 convolution", "fc1": of a step in the table of a network or of a block.
std::string step_name(const ReportTable& table, const std::string& step) {
  const auto dot = step.find('.');
  const bool is_block = dot != std::string::npos && table.name.starts_with(step.substr(0, dot) + "_");
  const auto place = is_block ? step.substr(0, dot) : "block" + step.substr(step.size() - 1);
  const auto kind = is_block ? step.substr(dot + 1) : step.substr(0, step.size() - 1);
  const auto variant = is_block ? table.name.substr(dot + 1) : table.name;
  if (!is_block && kind != "conv" && kind != "pool" && kind != "down") return step;
  const auto& operators = downsample::downsample_table();
  const auto row = std::ranges::find(operators, variant, &downsample::DownsampleOp::name);
  if (row != operators.end() && row->acts_in_convolution()) return place + " " + variant;
  if (kind == "block") return place + " " + variant + " block";
  if (kind != "conv") return place + " " + variant;
  const bool is_alone = std::ranges::none_of(table.rows, [&](const auto& other) {
    const auto name = text_in(table, other, "step");
    return name != step && (is_block ? name.starts_with(place + ".") : name.ends_with(step.back())) &&
           !name.starts_with("fc");
  });
  return place + (is_alone ? " " + variant + " block" : " convolution");
}

}  // namespace

// The model is trusted within 35%, as its residuals are, of a time within its interval; arithmetic alone is
// the least of what a step's own instructions may take.
std::vector<Evidence> evidence_of_prediction(const ExperimentReport& report) {
  constexpr double kTrust = 1.35, kShortMs = 0.05;
  std::vector<Evidence> all;
  for (const auto& table : report.tables) {
    for (const auto& row : table.rows) {
      const auto step = text_in(table, row, "step");
      const double measured = number_in(table, row, "measured"), traffic = number_in(table, row, "traffic"),
                   arithmetic = number_in(table, row, "arithmetic");
      if (step.empty() || step.find("reorder") != std::string::npos || !(measured > kShortMs)) continue;
      const std::string next =
          "prediction again, with the machine's limits measured anew (study explain --experiments "
          "prediction)";
      const auto name = step_name(table, step);
      if (std::ranges::any_of(all, [&](const Evidence& e) { return e.step == name; })) continue;
      const auto end = [&](const char* column) {  // reports of 0.1 have the measured time alone
        const double ms = number_in(table, row, column);
        return std::isfinite(ms) ? ms : measured;
      };
      const double low = end("low"), high = end("high");
      const bool is_believable = traffic + arithmetic <= kTrust * measured;
      all.push_back({name, "bandwidth",
                     is_believable
                         ? share_of({traffic / measured, traffic / kTrust / high, traffic * kTrust / low}, 1)
                         : Interval{NAN, NAN, NAN},
                     is_believable ? "its bytes at the bandwidth measured here"
                                   : "the model says more than was measured",
                     next});
      all.push_back({name, "instructions",
                     is_believable ? share_of({arithmetic / measured, arithmetic / kTrust / high, 1}, 1)
                                   : Interval{NAN, NAN, NAN},
                     is_believable ? "its arithmetic at a matrix product's rate, at least"
                                   : "the model says more than was measured",
                     next});
    }
  }
  return all;
}

}  // namespace dsx::explain
