// How busy the other processes of this machine are: one neighbour on a CPU of ours makes an OpenMP program 2
// to 25 times slower, so that every figure measured beside it is worthless. From /proc/stat, whose clock
// ticks 100 times a second: intervals below a second say little.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/base/clock.hpp"

namespace dsx::bench {

struct NeighbourUse {
  // Share of the CPU time of the interval, over the CPUs that this process may use, 0 to 1.
  double others = 0;             // used by other processes and by interrupts: busy time less our own
  double stolen = 0;             // the hypervisor gave to other machines
  double own = 0;                // used by this process, all threads
  std::int64_t interval_ns = 0;  // wall time
  std::string not_available;     // the reason, when there is no figure
};

// Of the CPUs together: what the interrupts and daemons of a quiet machine stay below.
constexpr double kBusyShare = 0.05;
// "" on a quiet machine, otherwise a line for the user: "other processes used 35% of the CPUs ...".
std::string busy_warning(const NeighbourUse& use, double limit = kBusyShare);

// Counts from construction; use() may be called again and again.
class Neighbours {
 public:
  Neighbours();
  NeighbourUse use() const;

 private:
  struct Reading {
    double busy_s = 0, stolen_s = 0, idle_s = 0, own_s = 0;
    std::string not_available;
  };
  static Reading read();
  Reading start_;
  Stopwatch watch_;
};

// CPU seconds of the CPUs `cpus` in the text of /proc/stat.
struct CpuSeconds {
  double busy = 0, stolen = 0, idle = 0;
  int cpus_found = 0;
};
CpuSeconds cpu_seconds(const std::string& proc_stat, const std::vector<int>& cpus, double ticks_per_second);

}  // namespace dsx::bench
