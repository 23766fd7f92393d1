#include "bench/measure/neighbours.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

namespace dsx::bench {

namespace {

std::vector<int> own_cpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

double own_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

// cpu0 user nice system idle iowait irq softirq steal guest guest_nice (proc(5)); a guest's time is in user
// and nice already.
CpuSeconds cpu_seconds(const std::string& proc_stat, const std::vector<int>& cpus, double ticks_per_second) {
  CpuSeconds sum;
  std::istringstream text(proc_stat);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    int cpu = -1;  // "cpu" alone is the sum of all
    const char* const end = name.data() + name.size();
    if (name.rfind("cpu", 0) != 0 || std::from_chars(name.data() + 3, end, cpu).ptr != end || cpu < 0)
      continue;
    if (std::find(cpus.begin(), cpus.end(), cpu) == cpus.end()) continue;
    double user = 0, nice = 0, system = 0, idle = 0, io_wait = 0, irq = 0, soft_irq = 0, steal = 0;
    if (!(words >> user >> nice >> system >> idle)) continue;
    words >> io_wait >> irq >> soft_irq >> steal;  // not in kernels before 2.6.11
    sum.busy += (user + nice + system + irq + soft_irq) / ticks_per_second;
    sum.idle += (idle + io_wait) / ticks_per_second;
    sum.stolen += steal / ticks_per_second;
    ++sum.cpus_found;
  }
  return sum;
}

Neighbours::Neighbours() : start_(read()), started_(std::chrono::steady_clock::now()) {}

Neighbours::Reading Neighbours::read() {
  std::ifstream file("/proc/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto cpus = cpu_seconds(text, own_cpus(), static_cast<double>(sysconf(_SC_CLK_TCK)));
  Reading reading{cpus.busy, cpus.stolen, cpus.idle, own_cpu_s(), ""};
  if (cpus.cpus_found == 0) reading.not_available = "/proc/stat does not show the CPUs of this process";
  return reading;
}

NeighbourUse Neighbours::use() const {
  const auto now = read();
  NeighbourUse use;
  use.interval_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  use.not_available = start_.not_available.empty() ? now.not_available : start_.not_available;
  const double busy = now.busy_s - start_.busy_s, stolen = now.stolen_s - start_.stolen_s;
  const double all = busy + stolen + now.idle_s - start_.idle_s;
  if (use.not_available.empty() && all <= 0) use.not_available = "less than a tick of /proc/stat has passed";
  if (!use.not_available.empty()) return use;
  const double own = now.own_s - start_.own_s;
  use.own = std::min(1.0, own / all);
  use.others = std::clamp((busy - own) / all, 0.0, 1.0);
  use.stolen = std::clamp(stolen / all, 0.0, 1.0);
  return use;
}

std::string busy_warning(const NeighbourUse& use, double limit) {
  if (!use.not_available.empty() || use.others + use.stolen <= limit) return "";
  std::string who = use.others > limit || use.stolen < use.others
                        ? fmt::format("other processes used {:.0f}% of the CPUs", 100 * use.others)
                        : "";
  if (use.stolen > limit || who.empty())
    who += fmt::format("{}the hypervisor withheld {:.0f}%", who.empty() ? "" : " and ", 100 * use.stolen);
  return fmt::format("{} during {:.1f} s: these times do not count; measure again on a quiet machine", who,
                     use.interval_s);
}

}  // namespace dsx::bench
