// Timing of plans, on top of measure().
#include "bench/measure/latency.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace dsx::bench {

namespace {

// The engine that the steps' memories live on: a stream must belong to the same one.
dnnl::stream stream_of(const std::vector<kernels::Step>& steps) {
  for (const auto& step : steps) {
    for (const auto& [argument, memory] : step.arguments) {
      if (memory) return dnnl::stream(memory.get_engine());
    }
  }
  throw std::logic_error("no step has memory");
}

// Right after the step, while its source is still there.
double zeros_of(const kernels::Step& step) {
  const auto& src = step.arguments.at(DNNL_ARG_SRC);
  const auto* values = static_cast<const float*>(src.get_data_handle());
  const std::size_t count = src.get_desc().get_size() / sizeof(float);
  return static_cast<double>(std::count(values, values + count, 0.0F)) / static_cast<double>(count);
}

}  // namespace

std::vector<double> time_pass_ns(const std::vector<kernels::Step>& steps, dnnl::stream& stream,
                                 const std::function<void(std::size_t)>& after_step) {
  std::vector<double> ns(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    ns[i] = time_once_ns([&] { steps[i].execute(stream); });
    if (after_step) after_step(i);
  }
  return ns;
}

std::vector<StepTiming> measure_steps(const std::vector<kernels::Step>& steps, int warmup_passes,
                                      int passes) {
  std::vector<StepTiming> timings;
  if (steps.empty() || passes < 1) return timings;
  auto stream = stream_of(steps);
  std::vector<std::vector<double>> samples_ns(steps.size());
  std::vector<double> zeros(steps.size(), std::numeric_limits<double>::quiet_NaN());
  const auto count_zeros = [&](std::size_t i) {
    if (steps[i].kernel.skips_zeros) zeros[i] = zeros_of(steps[i]);
  };
  for (int pass = 0; pass < warmup_passes + passes; ++pass) {
    const auto ns = pass == 0 ? time_pass_ns(steps, stream, count_zeros) : time_pass_ns(steps, stream);
    for (std::size_t i = 0; pass >= warmup_passes && i < steps.size(); ++i) samples_ns[i].push_back(ns[i]);
  }
  double sum_ns = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    timings.push_back({kernels::to_string(step.phase), step.name, step.layer, step.kernel.kind,
                       step.kernel.impl, step.is_reorder, step.kernel.cost, summarize(samples_ns[i]), 0,
                       zeros[i]});
    sum_ns += timings.back().time.median_ns;
  }
  for (auto& timing : timings) timing.share = sum_ns > 0 ? timing.time.median_ns / sum_ns : 0;
  return timings;
}

std::map<std::string, double> skipped_zeros(net::Plan& plan) {
  plan.pack();
  std::map<std::string, double> shares;
  for (const auto& step : measure_steps(plan.forward_steps(), 0, 1)) {
    if (!std::isnan(step.zeros)) shares[step.step] = step.zeros;
  }
  return shares;
}

PlanLatency measure_latency(net::Plan& plan, const LatencyOptions& options) {
  plan.pack();  // conversions of weights belong to loading, not to a pass
  MeasureOptions measuring;
  measuring.warmup_runs = options.warmup;
  measuring.min_rounds = measuring.max_rounds = options.iterations;
  measuring.min_time_s = 0;
  measuring.max_time_s = options.max_time_s;
  measuring.keep_going = options.keep_going;
  auto results = measure({{"forward", [&] { plan.forward(); }, {}}}, measuring);
  auto& result = results.front();

  PlanLatency latency;
  latency.batch = plan.batch();
  latency.samples_ns = std::move(result.samples_ns);
  latency.time = result.summary;
  latency.images_per_s = latency.time.median_ns > 0 ? plan.batch() * 1e9 / latency.time.median_ns : 0;
  latency.disturbance = result.disturbance;
  latency.disturbed_samples = result.disturbed_samples;
  latency.steps = measure_steps(plan.forward_steps(), 1, options.step_passes);
  for (const auto& step : latency.steps) latency.steps_sum_ns += step.time.median_ns;
  return latency;
}

}  // namespace dsx::bench
