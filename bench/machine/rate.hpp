// A rate of this machine from repeated samples: the best of them. A limit is a best-of, since whatever
// disturbs a sample only slows it down: STREAM (McCalpin 1995) reports its fastest repetition likewise. That
// holds only if the samples outlast what disturbs them: a team that was just woken may share one CPU until
// the system moves a thread, for milliseconds in which every short sample agrees on half the rate. So samples
// are taken for a least time, and those of a team on too few CPUs count as disturbed.
#pragma once

#include <functional>
#include <vector>

#include "bench/machine/machine.hpp"

namespace dsx::bench {

struct RateSample {
  double rate = 0;
  bool on_own_cpus = true;
};
// Whether each thread of a team ended on another CPU (sched_getcpu() of each). True as well where that is not
// known, and of a team that has more threads than CPUs.
bool on_own_cpus(std::vector<int> cpus);

struct RateOptions {
  int repeats = 11;         // undisturbed samples that are wanted
  double warm_up_s = 0.01;  // untimed work before the first sample
  double least_s = 0.03;    // samples go on for so long, however many there are
  // For tests. Runs the work and judges it; empty: disturbance.hpp. And the clock; empty: the steady one.
  std::function<bool(const std::function<void()>&)> is_disturbed = {};
  std::function<double()> now_s = {};
};

// Disturbed samples are repeated, up to four times as many as were asked for; while the team shares CPUs, for
// a third of a second.
Rate measure_rate(const RateOptions& options, const std::function<RateSample()>& sample);

}  // namespace dsx::bench
