// Which CPUs this process may use: the one place that counts them.
#pragma once

#include <vector>

namespace dsx {

// Logical CPU numbers of the process's affinity mask, ascending; empty where it cannot be read.
std::vector<int> allowed_cpus();

// The tightest CPU quota of the process's control groups, in CPUs; 0 where there is none.
double cgroup_cpu_limit();

// How many CPUs a team of threads may use: the affinity mask, cut to the quota, at least 1.
int usable_cpus();

// 1, 2, 4, ... and all usable CPUs: what a measurement over threads tries.
std::vector<int> usual_thread_counts();

}  // namespace dsx
