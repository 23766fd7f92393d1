#include "kernels/base/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace dsx {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs' worth of time per period from one folder of the cgroup tree; 0 = no limit there.
double cgroup_folder_limit(const std::string& folder) {
  std::istringstream v2(first_line(folder + "/cpu.max"));  // "max 100000" or "150000 100000"
  double quota = 0, period = 0;
  if (v2 >> quota >> period && period > 0) return quota / period;
  std::istringstream v1(first_line(folder + "/cpu.cfs_quota_us") + " " +
                        first_line(folder + "/cpu.cfs_period_us"));
  if (v1 >> quota >> period && period > 0 && quota > 0) return quota / period;
  return 0;
}

}  // namespace

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
  }
  return cpus;
}

double cgroup_cpu_limit() {
  double tightest = 0;
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty();
    if (!v2 && controllers.find("cpu") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controllers;
    std::string path = line.substr(second + 1);
    for (;;) {
      const double limit = cgroup_folder_limit(root + (path == "/" ? "" : path));
      if (limit > 0) tightest = tightest > 0 ? std::min(tightest, limit) : limit;
      if (path.empty() || path == "/") break;
      path.erase(path.rfind('/'));
    }
  }
  return tightest;
}

int usable_cpus() {
  auto count = static_cast<int>(allowed_cpus().size());
  if (count == 0) count = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const double limit = cgroup_cpu_limit();
  // A limit of 1.5 CPUs would throttle two busy threads: round down.
  if (limit > 0) count = std::min(count, std::max(1, static_cast<int>(limit)));
  return std::max(1, count);
}

std::vector<int> usual_thread_counts() {
  std::vector<int> counts;
  const int most = usable_cpus();
  for (int count = 1; count < most; count *= 2) counts.push_back(count);
  counts.push_back(most);
  return counts;
}

}  // namespace dsx
