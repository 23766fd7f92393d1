// perf_event_open for every thread of this process: one file descriptor per event and thread, read in groups
// that the kernel counts together. Which events, and what users see of them, is counters.cpp's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace dsx::bench {

// Threads of this process, from /proc/self/task, in ascending order.
std::vector<pid_t> thread_ids();

struct PerfEvent {
  std::uint32_t type = 0;  // PERF_TYPE_*
  std::uint64_t config = 0;
  int group = 0;  // events of one number count at the same moments; a processor has registers for about four
  bool with_kernel = false;   // also what happens in the kernel: needs more rights
  std::string not_available;  // a reason known beforehand: then it is not asked for
};

struct PerfCount {
  double count = 0;                      // over all threads that are or were open
  double wanted_ns = 0, running_ns = 0;  // thread time: enabled, and on a register
};

class PerfEvents {
 public:
  explicit PerfEvents(std::vector<PerfEvent> events);
  ~PerfEvents();
  PerfEvents(const PerfEvents&) = delete;
  PerfEvents& operator=(const PerfEvents&) = delete;

  // Opens what new threads need and lets go of ended ones, whose counts stay in the sums.
  void follow_threads();
  // Since each thread was opened, in the order of the events. Those that are not available stay zero.
  std::vector<PerfCount> read();
  // "" or the reason why event `index` cannot be had.
  const std::string& not_available(std::size_t index) const { return not_available_[index]; }
  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  struct Group {
    std::vector<int> files;           // the leader first
    std::vector<std::size_t> events;  // their places in events_
  };
  struct Thread {
    pid_t id = 0;
    std::vector<Group> groups;
  };
  Thread open_thread(pid_t id);
  void close_thread(Thread& thread);
  static void add_counts(const Thread& thread, std::vector<PerfCount>& counts);

  std::vector<PerfEvent> events_;
  std::vector<std::string> not_available_;
  std::vector<Thread> threads_;
  std::vector<PerfCount> ended_;
};

// Why perf_event_open failed with `error`, and what to do about it. The facts are parameters for the tests.
struct PerfFacts {
  int paranoid = 2;      // kernel.perf_event_paranoid; kNoPerf: the kernel has no such file
  bool seccomp = false;  // a filter of system calls is on
  bool virtualized = false;
  bool has_cpu_pmu = false;  // /sys/bus/event_source/devices has the processor's counters
  static constexpr int kNoPerf = -100;
};
PerfFacts perf_facts();
std::string perf_reason(int error, bool hardware, bool with_kernel, const PerfFacts& facts);

}  // namespace dsx::bench
