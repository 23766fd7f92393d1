#include "bench/measure/disturbance.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>
#include <optional>
#include <vector>

#include "bench/measure/perf_events.hpp"
#include "kernels/base/clock.hpp"

namespace dsx::bench {

namespace {

// Time that threads waited on run queues: second number of /proc/self/task/<id>/schedstat. Files stay open,
// because a list of threads costs ten times as much as reading two of them.
class RunQueueWaits {
 public:
  ~RunQueueWaits() {
    for (const auto& thread : threads_) close(thread.file);
  }
  double total_ns() {
    const std::lock_guard lock(mutex_);
    if (!kernel_tells_) return 0;
    if (!same_number() || !read_all()) {
      follow_threads();
      read_all();
    }
    double sum = ended_ns_;
    for (const auto& thread : threads_) sum += thread.waited_ns;
    return sum;
  }

 private:
  struct Thread {
    pid_t id = 0;
    int file = -1;
    double waited_ns = 0;
  };

  // The folder has a link for each thread, and two of its own.
  bool same_number() const {
    struct stat folder {};
    return stat("/proc/self/task", &folder) == 0 && folder.st_nlink == threads_.size() + 2;
  }
  static std::optional<double> read_one(int file) {
    std::array<char, 96> text{};
    if (pread(file, text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
    unsigned long long ran = 0, waited = 0;
    if (std::sscanf(text.data(), "%llu %llu", &ran, &waited) != 2) return std::nullopt;
    return static_cast<double>(waited);
  }
  bool read_all() {
    bool all = true;
    for (auto& thread : threads_) {
      const auto waited = read_one(thread.file);
      if (waited) thread.waited_ns = *waited;
      all &= waited.has_value();
    }
    return all;
  }
  void follow_threads() {
    const auto ids = thread_ids();
    std::vector<Thread> kept;
    for (const auto& thread : threads_) {
      if (std::binary_search(ids.begin(), ids.end(), thread.id)) {
        kept.push_back(thread);
      } else {
        ended_ns_ += thread.waited_ns;
        close(thread.file);
      }
    }
    for (const pid_t id : ids) {
      if (std::any_of(kept.begin(), kept.end(), [&](const Thread& t) { return t.id == id; })) continue;
      const auto path = fmt::format("/proc/self/task/{}/schedstat", id);
      const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (file >= 0) kept.push_back({id, file, 0});
    }
    threads_ = std::move(kept);
    kernel_tells_ = !threads_.empty();
  }

  std::mutex mutex_;
  std::vector<Thread> threads_;
  double ended_ns_ = 0;
  bool kernel_tells_ = true;
};

}  // namespace

Disturbance& Disturbance::operator+=(const Disturbance& other) {
  involuntary_switches += other.involuntary_switches;
  voluntary_switches += other.voluntary_switches;
  page_faults += other.page_faults;
  task_clock_ns += other.task_clock_ns;
  waiting_ns += other.waiting_ns;
  return *this;
}

Disturbance operator-(const Disturbance& a, const Disturbance& b) {
  return {a.involuntary_switches - b.involuntary_switches, a.voluntary_switches - b.voluntary_switches,
          a.page_faults - b.page_faults, a.task_clock_ns - b.task_clock_ns, a.waiting_ns - b.waiting_ns};
}

Disturbance disturbance_now() {
  static RunQueueWaits waits;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {usage.ru_nivcsw, usage.ru_nvcsw, usage.ru_minflt + usage.ru_majflt,
          static_cast<double>(process_cpu_ns()), waits.total_ns()};
}

bool is_disturbed(const Disturbance& during, double wall_ns) {
  const double allowed_ns = std::max(kDisturbanceFloorNs, kDisturbanceShare * wall_ns);
  // A kernel that keeps no waits leaves the switches alone to judge by.
  const bool waits_unknown = during.waiting_ns == 0;
  if (during.involuntary_switches > 0 && (waits_unknown || during.waiting_ns > kDisturbanceShare * wall_ns))
    return true;
  if (during.waiting_ns > allowed_ns) return true;
  return during.voluntary_switches == 0 && wall_ns - during.task_clock_ns > allowed_ns;
}

}  // namespace dsx::bench
