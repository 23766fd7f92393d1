// hwloc reads what the operating system tells, so that nothing here parses /sys or knows one vendor's CPUID.
#include "bench/measure/topology.hpp"

#include <hwloc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

#include "kernels/base/cpus.hpp"

namespace dsx::bench {

namespace {

struct TopologyDelete {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, TopologyDelete>;

// `whole`: with the CPUs that this process may not use.
TopologyHandle load(bool whole) {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) throw std::runtime_error("hwloc: no topology");
  TopologyHandle topology(raw);
  if (whole) hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  if (hwloc_topology_load(raw) != 0) throw std::runtime_error("hwloc: the topology cannot be read");
  return topology;
}

int count(hwloc_topology_t topology, hwloc_obj_type_t type) {
  return std::max(0, hwloc_get_nbobjs_by_type(topology, type));
}

}  // namespace

Topology read_topology() {
  const auto handle = load(true);
  auto* topology = handle.get();
  Topology result;
  result.sockets = count(topology, HWLOC_OBJ_PACKAGE);
  result.numa_nodes = count(topology, HWLOC_OBJ_NUMANODE);
  result.cores = count(topology, HWLOC_OBJ_CORE);
  result.hardware_threads = count(topology, HWLOC_OBJ_PU);
  int level = 1;
  for (const auto type : {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE}) {
    if (auto* cache = hwloc_get_obj_by_type(topology, type, 0);
        cache != nullptr && cache->attr->cache.size > 0) {
      result.caches.push_back({level, static_cast<std::size_t>(cache->attr->cache.size),
                               static_cast<int>(cache->attr->cache.linesize), count(topology, type),
                               hwloc_bitmap_weight(cache->cpuset)});
    }
    ++level;
  }
  result.memory_bytes = static_cast<std::size_t>(hwloc_get_root_obj(topology)->total_memory);
  return result;
}

double nominal_l3_bytes(const Topology& topology) {
  double bytes = 0;
  for (const auto& cache : topology.caches)
    if (cache.level >= 3) bytes = std::max(bytes, static_cast<double>(cache.bytes));
  return bytes;
}

std::vector<std::vector<int>> allowed_cpus_by_core() {
  const auto handle = load(false);
  auto* topology = handle.get();
  std::vector<std::vector<int>> cores;
  hwloc_obj_t last_core = nullptr;
  // The process's own mask may be narrower than what the topology allows.
  const std::vector<int> mine = allowed_cpus();
  for (int i = 0; i < count(topology, HWLOC_OBJ_PU); ++i) {
    auto* pu = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, static_cast<unsigned>(i));
    const auto cpu = static_cast<int>(pu->os_index);
    if (!mine.empty() && !std::binary_search(mine.begin(), mine.end(), cpu)) continue;
    auto* core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
    if (cores.empty() || core == nullptr || core != last_core) cores.emplace_back();
    last_core = core;
    cores.back().push_back(cpu);
  }
  return cores;
}

}  // namespace dsx::bench
