// The share of CPU time that control groups leave this process: a container's `--cpus 1.5`, a unit's
// CPUQuota. Versions 1 and 2, wherever the system has mounted them, from the process's group up to the root.
#pragma once

#include <filesystem>

namespace dsx {

// The tightest quota of the process's control groups, in CPUs (1.5: 150 ms of CPU time in 100 ms); 0 where
// there is none. `root` is where /proc and the mounted groups are looked for.
double cgroup_cpu_limit(const std::filesystem::path& root = "/");

}  // namespace dsx
