// Latency of a plan without data loading, and the share of each of its steps. The whole is timed as a whole;
// steps are timed in passes of their own, so that reading the clock between them does not disturb it.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "bench/measure/measure.hpp"
#include "kernels/onednn/kernel.hpp"
#include "net/plan/plan.hpp"

namespace dsx::bench {

struct LatencyOptions {
  int warmup = 5;          // passes before the first sample
  int iterations = 100;    // timed passes of the whole plan
  int step_passes = 30;    // timed passes step by step; 0: no shares
  double max_time_s = 60;  // for the whole plan's passes: a slow plan gets fewer of them (at least one)
  std::function<bool(int done)> keep_going;  // after each pass of the whole; false stops; may be empty
};

struct StepTiming {
  std::string phase, step, layer, kind, impl;
  bool reorder = false;
  kernels::Cost cost;
  Summary time;
  double share = 0;  // of the sum of the steps' medians
  double zeros =
      std::numeric_limits<double>::quiet_NaN();  // of a kernel that skips them: the share of its SRC
};

struct PlanLatency {
  int batch = 0;
  std::vector<double> samples_ns;  // in order of time
  Summary time;
  double images_per_s = 0;  // batch / median
  Disturbance disturbance;
  std::size_t disturbed_samples = 0;  // see disturbance.hpp
  std::vector<StepTiming> steps;
  double steps_sum_ns = 0;  // sum of the steps' medians; the whole exceeds it by what lies between steps
};

// forward() of `plan`, whose source is set and whose weights are initialised.
PlanLatency measure_latency(net::Plan& plan, const LatencyOptions& options);

// The ns of each step in one pass through all of them, in order. `after_step` is not timed; may be empty.
std::vector<double> time_pass_ns(const std::vector<kernels::Step>& steps, dnnl::stream& stream,
                                 const std::function<void(std::size_t)>& after_step = {});

// Each step's own time, in passes through all of them in order: caches are as in a real pass.
std::vector<StepTiming> measure_steps(const std::vector<kernels::Step>& steps, int warmup_passes, int passes);

// By step that skips zeros, the share of its SRC that is 0 in one pass of the plan; its time depends on it.
std::map<std::string, double> skipped_zeros(net::Plan& plan);

}  // namespace dsx::bench
