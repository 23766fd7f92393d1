#include "bench/measure/perf_events.hpp"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace dsx::bench {

namespace {

// Per event and thread; the group's format puts the times once before all values.
constexpr std::size_t kMostInGroup = 8;

int open_event(const PerfEvent& event, pid_t thread, int leader) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.exclude_kernel = event.with_kernel ? 0 : 1;
  attributes.exclude_hv = 1;
  attributes.read_format =
      PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const long file = syscall(SYS_perf_event_open, &attributes, thread, -1, leader, PERF_FLAG_FD_CLOEXEC);
  return static_cast<int>(file);
}

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool status_has_seccomp() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Seccomp:", 0) == 0) return line.find_first_of("12") != std::string::npos;
  }
  return false;
}

bool cpuinfo_has_hypervisor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) == 0) return line.find(" hypervisor") != std::string::npos;
  }
  return false;
}

}  // namespace

std::vector<pid_t> thread_ids() {
  std::vector<pid_t> ids;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    const auto name = entry.path().filename().string();
    pid_t id = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), id).ec == std::errc()) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

PerfEvents::PerfEvents(std::vector<PerfEvent> events) : events_(std::move(events)), ended_(events_.size()) {
  for (const auto& event : events_) not_available_.push_back(event.not_available);
  follow_threads();
}

PerfEvents::~PerfEvents() {
  for (auto& thread : threads_) close_thread(thread);
}

// An event that fails is left out of its group; the next one leads it then.
PerfEvents::Thread PerfEvents::open_thread(pid_t id) {
  Thread thread{id, {}};
  std::vector<int> numbers;
  for (const auto& event : events_) {
    if (std::find(numbers.begin(), numbers.end(), event.group) == numbers.end())
      numbers.push_back(event.group);
  }
  for (const int number : numbers) {
    Group group;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].group != number || !not_available_[i].empty() || group.files.size() == kMostInGroup)
        continue;
      const int file = open_event(events_[i], id, group.files.empty() ? -1 : group.files.front());
      if (file >= 0) {
        group.files.push_back(file);
        group.events.push_back(i);
      } else if (errno != ESRCH) {  // the thread has ended meanwhile
        not_available_[i] =
            perf_reason(errno, events_[i].type != PERF_TYPE_SOFTWARE, events_[i].with_kernel, perf_facts());
      }
    }
    if (!group.files.empty()) thread.groups.push_back(std::move(group));
  }
  return thread;
}

void PerfEvents::close_thread(Thread& thread) {
  for (auto& group : thread.groups) {
    // Members before their leader: closing a leader makes single events of the others.
    for (auto file = group.files.rbegin(); file != group.files.rend(); ++file) close(*file);
  }
  thread.groups.clear();
}

void PerfEvents::follow_threads() {
  const auto ids = thread_ids();
  std::vector<Thread> kept;
  for (auto& thread : threads_) {
    if (std::binary_search(ids.begin(), ids.end(), thread.id)) {
      kept.push_back(std::move(thread));
    } else {
      add_counts(thread, ended_);
      close_thread(thread);
    }
  }
  threads_ = std::move(kept);
  for (const pid_t id : ids) {
    const bool known =
        std::any_of(threads_.begin(), threads_.end(), [&](const Thread& t) { return t.id == id; });
    if (!known) threads_.push_back(open_thread(id));
  }
}

void PerfEvents::add_counts(const Thread& thread, std::vector<PerfCount>& counts) {
  for (const auto& group : thread.groups) {
    // Number of values, time enabled, time running, values.
    std::array<std::uint64_t, 3 + kMostInGroup> values{};
    const auto bytes = ::read(group.files.front(), values.data(), sizeof(values));
    if (bytes < static_cast<ssize_t>(3 * sizeof(std::uint64_t))) continue;
    for (std::size_t k = 0; k < group.events.size() && k < values[0]; ++k) {
      auto& count = counts[group.events[k]];
      count.count += static_cast<double>(values[3 + k]);
      count.wanted_ns += static_cast<double>(values[1]);
      count.running_ns += static_cast<double>(values[2]);
    }
  }
}

std::vector<PerfCount> PerfEvents::read() {
  auto counts = ended_;
  for (const auto& thread : threads_) add_counts(thread, counts);
  return counts;
}

PerfFacts perf_facts() {
  PerfFacts facts;
  const auto paranoid = first_line_of("/proc/sys/kernel/perf_event_paranoid");
  if (std::from_chars(paranoid.data(), paranoid.data() + paranoid.size(), facts.paranoid).ec != std::errc())
    facts.paranoid = PerfFacts::kNoPerf;
  facts.seccomp = status_has_seccomp();
  facts.virtualized = cpuinfo_has_hypervisor();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/bus/event_source/devices", ignored)) {
    // "cpu" on most, "cpu_core" and "cpu_atom" on hybrid x86, "armv8_..." on ARM.
    const auto name = entry.path().filename().string();
    facts.has_cpu_pmu |= name == "cpu" || name.rfind("cpu_", 0) == 0 || name.rfind("armv8", 0) == 0;
  }
  return facts;
}

std::string perf_reason(int error, bool hardware, bool with_kernel, const PerfFacts& facts) {
  if (facts.paranoid == PerfFacts::kNoPerf)
    return "this kernel has no perf_event_open (or a container hides /proc/sys/kernel/perf_event_paranoid)";
  switch (error) {
    case EACCES:
    case EPERM: {
      const int allowed = with_kernel ? 1 : 2;
      if (facts.paranoid > allowed) {
        return fmt::format(
            "not permitted: kernel.perf_event_paranoid is {}; as root: sysctl kernel.perf_event_paranoid={}, "
            "or give the program CAP_PERFMON",
            facts.paranoid, allowed);
      }
      return facts.seccomp
                 ? "a filter of system calls (seccomp) forbids perf_event_open: start the container "
                   "with --cap-add PERFMON or another seccomp profile"
                 : "not permitted by this system's security policy (perf_event_open: EACCES)";
    }
    case ENOSYS:
      return facts.seccomp ? "a filter of system calls (seccomp) hides perf_event_open: start the container "
                             "with another seccomp profile"
                           : "this kernel has no perf_event_open";
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
      if (hardware && facts.virtualized)
        return facts.has_cpu_pmu
                   ? "this virtual machine's CPU does not count it: the hypervisor gives no such hardware "
                     "counter"
                   : "this virtual machine has no hardware counters: the hypervisor gives it no PMU";
      return hardware ? "this CPU has no such hardware counter" : "this kernel has no such counter";
    case EMFILE:
    case ENFILE:
      return "too many open files: raise ulimit -n (one file per counter and thread)";
    case EBUSY:
      return "another program holds this hardware counter";
    default:
      return fmt::format("perf_event_open: {}", std::generic_category().message(error));
  }
}

}  // namespace dsx::bench
