// The model alone; what it is held against: prediction.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/machine/roofline.hpp"
#include "kernels/onednn/context.hpp"
#include "study/explain/experiments/prediction.hpp"

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

// What a large matrix product reaches; the FMA peak where that was not measured.
double matrix_gflops(const bench::Machine& machine, int threads) {
  const auto* peak = bench::find_peak(machine, threads, "f32");
  if (peak == nullptr) return 0;
  return peak->gemm_gflops.best > 0 ? peak->gemm_gflops.best : peak->gflops.best;
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
    double gbps = step.kernel.is_output.at(argument) ? bandwidth->write_gbps.best : bandwidth->read_gbps.best;
    if (!(gbps > 0)) continue;  // not measured
    // Convolutions gather their input for many outputs; an operator that passes once over it is bound by its
    // loads.
    if (argument == DNNL_ARG_SRC && narrow_read && !uses_fma(step.kernel)) {
      const auto channels = static_cast<int>(memory->second.get_desc().get_dims()[1]);
      if (const double narrow = narrow_read(channels, bytes); narrow > 0) gbps = std::min(gbps, narrow);
    }
    prediction.traffic_ns += bytes / gbps;
    prediction.levels +=
        fmt::format("{}{} {}", prediction.levels.empty() ? "" : ", ", argument_name(argument), level);
  }
  return prediction;
}

}  // namespace

bool uses_fma(const kernels::Kernel& kernel) {
  return kernel.kind == "convolution" || kernel.kind == "inner_product";
}

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

}  // namespace dsx::explain
