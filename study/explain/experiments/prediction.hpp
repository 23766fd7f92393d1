// A model of a step's time from the machine's measured limits alone: arithmetic at the rate of a large matrix
// product, on the vector lanes that the channels fill, plus traffic at the bandwidth of the cache level where
// each argument is found. They add up, as transfers and the arithmetic that waits for them do in the
// execution-cache-memory model (Stengel et al. 2015, arXiv:1410.5010); the larger of both alone is the
// roofline (Williams et al. 2009), the least time. Nothing in it is fitted to the steps that it predicts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/machine/machine.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::explain {

struct StepPrediction {
  double compute_ns = 0;  // flop / (rate x lanes filled); without FMA at half the rate
  double traffic_ns = 0;  // bytes read and written, each at its level's bandwidth
  double lanes = 1;       // share of the vector lanes that the channels fill
  std::string levels;     // "src memory, weights L2, dst memory"
  double ns() const { return compute_ns + traffic_ns; }
  double roofline_ns() const { return compute_ns > traffic_ns ? compute_ns : traffic_ns; }
};

// GB/s at which a working set can be read `channels` floats at a time (bench/machine/narrow_read.hpp), for
// steps whose channels do not fill a vector.
using NarrowRead = std::function<double(int channels, double bytes)>;

// Whether the model takes a kernel's arithmetic for multiply-adds, and its loads for wide ones.
bool uses_fma(const kernels::Kernel& kernel);

// Predictions for the second of two passes over `steps`: the first fills the caches. An argument is found in
// the smallest level that holds all bytes touched since its own last touch (least recently used).
std::vector<StepPrediction> predict_steps(const std::vector<kernels::Step>& steps,
                                          const bench::Machine& machine, const bench::Topology& topology,
                                          int threads, const NarrowRead& narrow_read = {});

}  // namespace dsx::explain
