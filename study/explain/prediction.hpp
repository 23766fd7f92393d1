// A model of a step's time from the machine's measured limits alone: arithmetic at the FMA peak with the
// vector lanes that the channels fill, and traffic at the bandwidth of the cache level where each argument is
// found. Nothing in it is fitted to the steps it predicts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/machine.hpp"
#include "kernels/kernel.hpp"

namespace dsx {

struct StepPrediction {
  double compute_ns = 0;  // flop / (peak x lanes filled), halved for arithmetic without FMA
  double traffic_ns = 0;  // bytes read and written, each at its level's bandwidth
  double lanes = 1;       // share of the vector lanes that the channels fill
  std::string levels;     // "src memory, weights L2, dst memory"
  // The larger of both: out-of-order cores load ahead while they compute (Williams et al. 2009, the
  // roofline).
  double ns() const { return compute_ns > traffic_ns ? compute_ns : traffic_ns; }
  double sum_ns() const { return compute_ns + traffic_ns; }  // if nothing overlapped
};

// Predictions for the second of two passes over `steps`: the first fills the caches. An argument is found in
// the smallest level that holds all bytes touched since its own last touch (least recently used).
std::vector<StepPrediction> predict_steps(const std::vector<Step>& steps, const Machine& machine,
                                          const Topology& topology, int threads);

}  // namespace dsx
