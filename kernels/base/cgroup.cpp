// /proc/self/mountinfo says where each hierarchy is mounted and which group its mount shows as "/" (a
// container without a name space of its own sees the host's path in /proc/self/cgroup, but its own group at
// the mount): proc(5), and cpu.max, cpu.cfs_quota_us in the kernel's admin-guide/cgroup-v2 and
// scheduler/sched-bwc.
#include "kernels/base/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace dsx {
namespace {

namespace fs = std::filesystem;

std::string first_line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs' worth of time per period from one folder of the cgroup tree; 0 = no limit there.
double limit_of_group(const fs::path& folder) {
  std::istringstream v2(first_line_of(folder / "cpu.max"));  // "max 100000" or "150000 100000"
  double quota = 0, period = 0;
  if (v2 >> quota >> period && period > 0) return quota / period;
  std::istringstream v1(first_line_of(folder / "cpu.cfs_quota_us") + " " +
                        first_line_of(folder / "cpu.cfs_period_us"));
  if (v1 >> quota >> period && period > 0 && quota > 0) return quota / period;
  return 0;
}

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');)
    if (one == word) return true;
  return false;
}

struct Hierarchy {
  bool v2 = false;
  std::string group;  // the one that the mount shows as its root
  std::string place;  // where it is mounted
};

// 31 23 0:28 /docker/1f2 /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
std::vector<Hierarchy> mounted_hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, word, type, source, options;
    Hierarchy one;
    words >> id >> parent >> device >> one.group >> one.place;
    while (words >> word && word != "-") {
    }
    if (!(words >> type >> source >> options)) continue;
    one.v2 = type == "cgroup2";
    if (one.v2 || (type == "cgroup" && has_word(options, "cpu"))) found.push_back(one);
  }
  return found;
}

// The process's group, as a path below the mount. A group outside of what is mounted is not to be seen: then
// the mount's root is what the process is in.
std::string below_mount(const std::string& group, const std::string& mounted) {
  if (mounted == "/") return group;
  if (group == mounted) return "/";
  return group.rfind(mounted + "/", 0) == 0 ? group.substr(mounted.size()) : "/";
}

}  // namespace

double cgroup_cpu_limit(const fs::path& root) {
  double tightest = 0;
  const std::vector<Hierarchy> hierarchies = mounted_hierarchies(root);
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // 4:cpu,cpuacct:/docker/1f2; 0::/user.slice
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty();
    if (!v2 && !has_word(controllers, "cpu")) continue;
    for (const Hierarchy& one : hierarchies) {
      if (one.v2 != v2) continue;
      std::string path = below_mount(line.substr(second + 1), one.group);
      for (;;) {
        const double limit = limit_of_group(root / (one.place + path).substr(1));
        if (limit > 0) tightest = tightest > 0 ? std::min(tightest, limit) : limit;
        if (path.empty() || path == "/") break;
        path.erase(path.rfind('/'));
      }
    }
  }
  return tightest;
}

}  // namespace dsx
