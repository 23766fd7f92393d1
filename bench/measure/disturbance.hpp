// What other processes, or the hypervisor, did to this one while something was timed. One neighbour on a CPU
// of ours makes an OpenMP program 2 to 25 times slower, so a sample during which a thread of ours lost its
// CPU says nothing about our code.
#pragma once

#include <cstdint>

namespace dsx::bench {

// Over all threads of this process. Reading it costs some microseconds: outside the timed region.
struct Disturbance {
  std::int64_t involuntary_switches = 0;  // another process took a core
  std::int64_t voluntary_switches = 0;    // a thread went to sleep, waiting for work
  std::int64_t page_faults = 0;
  double task_clock_ns = 0;  // CPU time that the process got, without what the hypervisor withheld
  // Threads that could run and had no CPU. The kernel adds a wait when it is over; 0 where it keeps no
  // /proc/self/task/*/schedstat.
  double waiting_ns = 0;
  Disturbance& operator+=(const Disturbance& other);
};
Disturbance disturbance_now();  // since the process began
Disturbance operator-(const Disturbance& a, const Disturbance& b);

// Waking a thread costs up to tenths of a millisecond on a virtual machine, on a quiet one too.
constexpr double kDisturbanceFloorNs = 2e5;
constexpr double kDisturbanceShare = 0.02;  // of the sample

// Whether a sample of `wall_ns` was disturbed by any of these:
// - an involuntary switch (another process took a core during the sample) that cost more than
//   kDisturbanceShare of it: on a fully used machine the kernel's own threads take a core for some
//   microseconds in every other sample;
// - waits for a CPU beyond max(kDisturbanceFloorNs, kDisturbanceShare * wall_ns): a worker that had lost its
//   core before the sample began, or woke up on a taken one, is switched no more and still makes all others
//   wait;
// - nobody slept, and yet the whole process got less CPU time than its one calling thread needs, by as much:
//   the hypervisor withheld it. (wall_ns * threads - task_clock_ns alone proves nothing: workers sleep
//   through a serial step.)
bool is_disturbed(const Disturbance& during, double wall_ns);

}  // namespace dsx::bench
