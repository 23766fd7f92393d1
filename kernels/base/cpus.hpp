// Which CPUs this process may use: the one place that counts them. GNU's OpenMP binds the first thread to one
// CPU before main() when OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY say so, and every thread and process
// that this one starts inherits that: the mask that the process was started with is therefore read before any
// library runs, and helpers are given it back.
#pragma once

#include <vector>

namespace dsx {

// Logical CPU numbers of the process's affinity mask, ascending; empty where it cannot be read.
std::vector<int> allowed_cpus();

// How many CPUs a team of threads may use: the affinity mask, cut to the control groups' quota (cgroup.hpp),
// whose fractions do not count, at least 1.
int usable_cpus();

// Lets the calling thread run on all CPUs of the process again, whatever OpenMP bound its parent to. System
// calls only, so that it may stand between fork() and exec().
void unbind_thread() noexcept;

// 1, 2, 4, ... and `most`: what a measurement over threads tries.
std::vector<int> usual_thread_counts(int most);

}  // namespace dsx
