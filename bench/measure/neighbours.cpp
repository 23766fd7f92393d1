#include "bench/measure/neighbours.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include "kernels/base/cpus.hpp"

namespace dsx::bench {

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

Neighbours::Neighbours() : start_(read()) {}

Neighbours::Reading Neighbours::read() {
  std::ifstream file("/proc/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto cpus = cpu_seconds(text, allowed_cpus(), static_cast<double>(sysconf(_SC_CLK_TCK)));
  Reading reading{cpus.busy, cpus.stolen, cpus.idle, in_seconds(process_cpu_ns()), ""};
  if (cpus.cpus_found == 0) reading.not_available = "/proc/stat does not show the CPUs of this process";
  return reading;
}

NeighbourUse Neighbours::use() const {
  const auto now = read();
  NeighbourUse use;
  use.interval_ns = watch_.elapsed_ns();
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
                     in_seconds(use.interval_ns));
}

}  // namespace dsx::bench
