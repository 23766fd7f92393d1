// The machine: its CPU, how much of it is free, its memory, large pages, counters and limits.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

#include "bench/machine/machine.hpp"
#include "bench/machine/machine_pairs.hpp"
#include "bench/machine/memory_probe.hpp"
#include "bench/measure/counters.hpp"
#include "bench/measure/environment.hpp"
#include "bench/measure/neighbours.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/cgroup.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"
#include "kernels/fused/fused_block.hpp"
#include "study/doctor/check.hpp"

namespace dsx::doctor {
namespace {

constexpr double kMiB = 1 << 20;
// What the study's network takes in training at batch 32 and 320 pixels, with data of its own, rounded up.
constexpr double kEnoughMemoryBytes = 2 * kGiB;
// Two CPUs that are two cores do twice the work of one, less what clocks and neighbours take.
constexpr double kTwoCores = 1.6;
constexpr rlim_t kEnoughFiles = 256;

// Bytes that /proc/meminfo says can be had without swapping; 0 when it does not.
double available_memory_bytes() {
  std::FILE* file = std::fopen("/proc/meminfo", "r");
  if (file == nullptr) return 0;
  char line[128];
  unsigned long long kib = 0;
  while (std::fgets(line, sizeof line, file) != nullptr)
    if (std::sscanf(line, "MemAvailable: %llu kB", &kib) == 1) break;
  std::fclose(file);
  return static_cast<double>(kib) * 1024;
}

// "two CPUs are two cores (1.98 times the work of one)"; `shared`: they are not.
std::string pairs_text(bool& shared) {
  bench::Machine machine;
  bench::measure_pairs(machine);
  shared = false;
  if (machine.pairs.empty()) return machine.pairs_not_available;
  const bench::SharedCore& pair = machine.pairs.front();
  shared = pair.speedup < kTwoCores;
  return fmt::format("CPU {} and {} together do {:.2f} times the work of one", pair.cpu_a, pair.cpu_b,
                     pair.speedup);
}

}  // namespace

Finding check_cpu(const Question&) {
  const bench::Environment env = bench::read_environment();
  const std::string what =
      fmt::format("{}, {}{}; our fused kernels run as {}", env.cpu_model, counted(env.topology.cores, "core"),
                  env.virtualized ? " of a virtual machine" : "", fused::fused_block_isa());
  if (env.isa.find("avx2") == std::string::npos && env.isa.find("asimd") == std::string::npos)
    return {Status::limited, what + "; it reports no AVX2, so all is several times slower"};
  return {Status::good, what};
}

Finding check_free_cpus(const Question&) {
  const bench::Neighbours neighbours;
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const bench::NeighbourUse use = neighbours.use();
  bool shared = false;
  const std::string pairs = pairs_text(shared);
  if (!use.not_available.empty()) return {Status::limited, use.not_available + "; " + pairs};
  const std::string what =
      fmt::format("others used {:.0f}% of {} for a second, {:.0f}% were given to other machines; {}",
                  100 * use.others, counted(usable_cpus(), "CPU"), 100 * use.stolen, pairs);
  if (use.others + use.stolen > bench::kBusyShare)
    return {Status::limited, what, "measure latency when nothing else runs: `top` shows what does"};
  if (shared)
    return {Status::limited, what, "two threads hardly gain over one here: compare --threads 1 and 2"};
  return {Status::good, what};
}

Finding check_memory(const Question&) {
  bench::MemoryProbe probe(bench::read_topology());
  probe.read();  // the first brings pages and clock up
  const bench::MemoryReading reading = probe.read();
  const double free_bytes = available_memory_bytes();
  std::string what =
      fmt::format("{:.1f} GiB free; one thread reads {:.1f} GB/s, a load from memory takes {:.0f} ns",
                  free_bytes / kGiB, reading.read_gbps, reading.memory_ns);
  if (probe.nominal_l3_bytes() > 0)
    what += fmt::format("; of the L3's {:.0f} MiB about {:.0f} are ours", probe.nominal_l3_bytes() / kMiB,
                        reading.l3_ours_bytes / kMiB);
  if (free_bytes > 0 && free_bytes < kEnoughMemoryBytes)
    return {Status::limited, what, "choose a smaller --batch, --size or --data-cache-mib, or free memory"};
  return {Status::good, what};
}

Finding check_huge_pages(const Question&) {
  const std::string mode = bench::read_environment().huge_pages;
  if (mode == "always" || mode == "madvise") return {Status::good, "transparent huge pages: " + mode};
  return {Status::limited, "transparent huge pages: " + mode,
          "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

Finding check_counters(const Question&) {
  bench::Counters counters;
  counters.start();
  const bench::CounterReading reading = counters.stop();
  std::vector<std::string> names, missing;
  std::string reason;
  for (const bench::CounterRow& row : reading.rows) {
    if (row.not_available.empty() && row.source != "getrusage") names.push_back(row.name);
    if (row.not_available.empty()) continue;
    missing.push_back(row.name);
    if (reason.empty()) reason = row.not_available;
  }
  if (missing.empty()) return {Status::good, fmt::format("all: {}", fmt::join(names, ", "))};
  return {Status::limited, fmt::format("not available: {}; {}", fmt::join(missing, ", "), reason),
          reason.find("hypervisor") == std::string::npos
              ? "docs/profiling.md says what else may be done"
              : "only a machine that is not virtual, or another hypervisor, has them"};
}

Finding check_limits(const Question&) {
  const double quota = cgroup_cpu_limit();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  rlimit processes{};
  ::getrlimit(RLIMIT_NPROC, &processes);
  const std::string many =
      processes.rlim_cur == RLIM_INFINITY ? "any number of" : fmt::format("{}", processes.rlim_cur);
  const std::string what =
      fmt::format("{} (mask {}), quota of control groups: {}; {} processes, {} open files",
                  counted(usable_cpus(), "CPU"), bench::read_environment().affinity,
                  quota > 0 ? fmt::format("{:.2f} CPUs", quota) : "none", many, files.rlim_cur);
  if (files.rlim_cur < kEnoughFiles) return {Status::limited, what, "ulimit -n 1024"};
  if (quota > 0 && quota < static_cast<double>(allowed_cpus().size()))
    return {Status::limited, what, "start the container with more CPUs: threads beyond the quota are halted"};
  return {Status::good, what};
}

}  // namespace dsx::doctor
