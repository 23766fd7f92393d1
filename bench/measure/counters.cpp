#include "bench/measure/counters.hpp"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "bench/measure/perf_events.hpp"
#include "kernels/base/clock.hpp"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace dsx::bench {

namespace {

// One event of perf_event_open. Two groups of hardware events, since most processors count about four besides
// cycles and instructions: what is divided by what stays in one group.
struct EventSource {
  std::string name;
  PerfEvent event;
  std::string detail;  // added to "perf_event_open" where the name does not say all
};

constexpr std::uint64_t cache_read_misses(std::uint64_t cache) {
  return cache | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16;
}

enum class Vendor { amd_zen, intel_avx512, other_x86, arm, other };

Vendor cpu_vendor() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(1, &a, &b, &c, &d);
  const unsigned family = (a >> 8 & 0xf) + (a >> 20 & 0xff);
  if (__builtin_cpu_is("amd") && family >= 0x17) return Vendor::amd_zen;
  if (__builtin_cpu_is("intel") && __builtin_cpu_supports("avx512f")) return Vendor::intel_avx512;
  return Vendor::other_x86;
#elif defined(__aarch64__)
  return Vendor::arm;
#else
  return Vendor::other;
#endif
}

// Linux has no name of its own for misses of the second level: the processors' numbers for it, from AMD's
// Processor Programming Reference (PMCx064), Intel's perfmon event lists, and Arm's architecture manual.
EventSource l2_misses() {
  EventSource source{"l2_misses", {PERF_TYPE_RAW, 0, 1, false, ""}, ""};
  switch (cpu_vendor()) {
    case Vendor::amd_zen:
      source.event.config = 0x0864;
      source.detail = "raw 0x0864, L2CacheReqStat.LsRdBlkC: data requests of the core, without prefetchers";
      break;
    case Vendor::intel_avx512:
      source.event.config = 0x3f24;
      source.detail = "raw 0x3f24, L2_RQSTS.MISS: all requests";
      break;
    case Vendor::arm:
      source.event.config = 0x17;
      source.detail = "raw 0x17, L2D_CACHE_REFILL";
      break;
    default:
      source.event.not_available = "no event of this CPU is known for it";
  }
  return source;
}

std::vector<EventSource> event_sources() {
  const auto hardware = [](const char* name, std::uint64_t config, int group) {
    return EventSource{name, {PERF_TYPE_HARDWARE, config, group, false, ""}, ""};
  };
  const auto misses = [](const char* name, std::uint64_t cache) {
    return EventSource{name, {PERF_TYPE_HW_CACHE, cache_read_misses(cache), 1, false, ""}, ""};
  };
  std::vector<EventSource> sources;
  sources.push_back(hardware("cycles", PERF_COUNT_HW_CPU_CYCLES, 0));
  sources.push_back(hardware("instructions", PERF_COUNT_HW_INSTRUCTIONS, 0));
  sources.push_back(misses("l1d_read_misses", PERF_COUNT_HW_CACHE_L1D));
  sources.push_back(l2_misses());
  sources.push_back(misses("llc_read_misses", PERF_COUNT_HW_CACHE_LL));
  sources.push_back(misses("dtlb_read_misses", PERF_COUNT_HW_CACHE_DTLB));
  // A migration happens in the kernel, where it needs more rights to be seen.
  EventSource migrations;
  migrations.name = "cpu_migrations";
  migrations.event = {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, 2, true, ""};
  sources.push_back(std::move(migrations));
  return sources;
}
constexpr std::size_t kHardware = 6;  // of those, the first

// Sum of one line of /proc/self/task/*/sched, or -1 where the kernel keeps no such file.
double migrations_of_proc() {
  double sum = -1;
  for (const auto id : thread_ids()) {
    std::ifstream file(fmt::format("/proc/self/task/{}/sched", id));
    for (std::string line; std::getline(file, line);) {
      if (line.find("nr_migrations") == std::string::npos) continue;
      sum = std::max(sum, 0.0) + std::stod(line.substr(line.find(':') + 1));
      break;
    }
  }
  return sum;
}

// What the operating system always keeps, of all threads, ended ones too, at no cost and with no rights. The
// software events of perf_event_open are the same counts of single threads.
struct SystemCounts {
  double task_clock_ns = 0, minor_faults = 0, major_faults = 0, voluntary = 0, involuntary = 0;
};
SystemCounts system_counts() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {static_cast<double>(process_cpu_ns()), static_cast<double>(usage.ru_minflt),
          static_cast<double>(usage.ru_majflt), static_cast<double>(usage.ru_nvcsw),
          static_cast<double>(usage.ru_nivcsw)};
}

const std::string kNoTurn =
    "the counter never had its turn on the processor's registers: measure for longer, or free one (sysctl "
    "kernel.nmi_watchdog=0, no other profiler)";

// From raw counts to what is shown.
void extrapolate(CounterReading& reading) {
  for (std::size_t i = 0; i < reading.rows.size(); ++i) {
    auto& row = reading.rows[i];
    const auto& raw = reading.raw[i];
    if (!row.not_available.empty() && row.not_available != kNoTurn) continue;
    const bool had_turn = raw.running_ns > 0 || raw.wanted_ns <= 0;
    row.not_available = had_turn ? "" : kNoTurn;
    row.counted_share = raw.wanted_ns > 0 ? raw.running_ns / raw.wanted_ns : 1;
    row.value = had_turn ? raw.count / (row.counted_share > 0 ? row.counted_share : 1) : 0;
  }
}

}  // namespace

const std::vector<std::string>& counter_names() {
  static const std::vector<std::string> names{
      "cycles",          "instructions",       "l1d_read_misses",      "l2_misses",
      "llc_read_misses", "dtlb_read_misses",   "task_clock",           "minor_faults",
      "major_faults",    "voluntary_switches", "involuntary_switches", "cpu_migrations"};
  return names;
}

const CounterRow* CounterReading::find(const std::string& name) const {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const CounterRow& r) { return r.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

std::optional<double> CounterReading::value(const std::string& name) const {
  const auto* row = find(name);
  if (row == nullptr || !row->not_available.empty()) return std::nullopt;
  return row->value;
}

CounterReading& CounterReading::operator+=(const CounterReading& other) {
  if (other.rows.empty()) return *this;
  if (rows.empty()) return *this = other;
  if (rows.size() != other.rows.size()) throw std::logic_error("CounterReading: sums of different counters");
  threads = std::max(threads, other.threads);
  intervals += other.intervals;
  wall_ns += other.wall_ns;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // A reason holds for the sum too, but for that of a counter without a turn: extrapolate() decides anew.
    if (!other.rows[i].not_available.empty() && other.rows[i].not_available != kNoTurn)
      rows[i].not_available = other.rows[i].not_available;
    raw[i].count += other.raw[i].count;
    raw[i].wanted_ns += other.raw[i].wanted_ns;
    raw[i].running_ns += other.raw[i].running_ns;
  }
  extrapolate(*this);
  return *this;
}

struct Counters::Impl {
  std::vector<EventSource> sources = event_sources();
  PerfEvents events{events_of(sources)};
  bool started = false;
  std::int64_t begin_ns = 0;
  SystemCounts system;
  double migrations = 0;  // by /proc, where perf_event_open does not give them
  std::vector<PerfCount> counts;

  static std::vector<PerfEvent> events_of(const std::vector<EventSource>& sources) {
    std::vector<PerfEvent> events;
    events.reserve(sources.size());
    for (const auto& source : sources) events.push_back(source.event);
    return events;
  }
  bool migrations_by_proc() const { return !events.not_available(kHardware).empty(); }

  void add_events(CounterReading& reading, const std::vector<PerfCount>& after) const {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto& detail = sources[i].detail;
      reading.rows.push_back({sources[i].name, 0,
                              detail.empty() ? "perf_event_open" : "perf_event_open, " + detail,
                              events.not_available(i), 1});
      reading.raw.push_back({after[i].count - counts[i].count, after[i].wanted_ns - counts[i].wanted_ns,
                             after[i].running_ns - counts[i].running_ns});
    }
  }
};

Counters::Counters() : impl_(std::make_unique<Impl>()) {}
Counters::~Counters() = default;

void Counters::start() {
  auto& m = *impl_;
  m.events.follow_threads();
  if (m.migrations_by_proc()) m.migrations = migrations_of_proc();
  m.system = system_counts();
  m.counts = m.events.read();
  m.started = true;
  m.begin_ns = now_ns();
}

CounterReading Counters::stop() {
  auto& m = *impl_;
  const auto end_ns = now_ns();
  if (!m.started) throw std::logic_error("Counters: stop() without start()");
  m.started = false;
  const auto counts = m.events.read();
  const auto system = system_counts();
  CounterReading reading;
  reading.threads = m.events.threads();
  reading.intervals = 1;
  reading.wall_ns = static_cast<double>(end_ns - m.begin_ns);
  m.add_events(reading, counts);
  const auto add_system = [&](const char* name, const char* source, double count) {
    reading.rows.insert(reading.rows.end() - 1, {name, 0, source, "", 1});
    reading.raw.insert(reading.raw.end() - 1, {count, 0, 0});
  };
  add_system("task_clock", "CLOCK_PROCESS_CPUTIME_ID", system.task_clock_ns - m.system.task_clock_ns);
  add_system("minor_faults", "getrusage", system.minor_faults - m.system.minor_faults);
  add_system("major_faults", "getrusage", system.major_faults - m.system.major_faults);
  add_system("voluntary_switches", "getrusage", system.voluntary - m.system.voluntary);
  add_system("involuntary_switches", "getrusage", system.involuntary - m.system.involuntary);
  if (m.migrations_by_proc()) {
    const double migrations = migrations_of_proc();
    auto& row = reading.rows.back();
    reading.raw.back() = {std::max(0.0, migrations - m.migrations), 0, 0};
    row.source = "/proc/self/task/*/sched";
    if (migrations >= 0) row.not_available.clear();
  }
  extrapolate(reading);
  return reading;
}

}  // namespace dsx::bench
