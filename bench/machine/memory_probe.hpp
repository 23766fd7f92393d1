// What the memory system gives at this moment: latency by a pointer chase at the sizes of L2, L3 and memory,
// and the bandwidth of reading. On a shared host both change by the minute with what others do, which no
// counter of CPU time shows, and the L3 that the topology names may hardly be ours. A reading takes 10 to 20
// ms, so it stands between samples; what it does to the caches is undone by the arm's settling runs. The
// course over a run: memory_course.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/measure/environment.hpp"

namespace dsx::bench {

// ns per load of a chase through `bytes`, in which each address comes from the load before.
struct ChaseRow {
  double bytes = 0;
  double ns = 0;
};

struct MemoryReading {
  double start_s = 0;  // since the probe was made
  double took_s = 0;
  std::vector<ChaseRow> chases;  // half of L2; an eighth, a quarter, half and all of the nominal L3; memory
  double l2_ns = 0, l3_ns = 0,
         memory_ns = 0;  // of these: half of L2, the least of L3's (from twice the L2 on), memory
  double read_gbps = 0;  // one thread reads memory in order; GB is 1e9 bytes
  // The size at which latency leaves the level of L3: half way from l3_ns to memory_ns, between the sizes
  // measured. nominal_l3_bytes at most; 0 when an eighth of it already costs as much as memory, or without an
  // L3.
  double l3_ours_bytes = 0;
};

// Of L3's rows, from small to large: the size at which they pass the mean of the least of them and memory's.
double size_of_our_share(const std::vector<ChaseRow>& rows, double memory_ns, double l2_ns);

class MemoryProbe {
 public:
  // Allocates 4 times the L3 (at least 64 MB, at most 256 MB or an eighth of the machine's memory) and orders
  // it: about a quarter of a second.
  explicit MemoryProbe(const Topology& topology);
  ~MemoryProbe();
  MemoryProbe(const MemoryProbe&) = delete;
  MemoryProbe& operator=(const MemoryProbe&) = delete;

  MemoryReading read();
  double nominal_l3_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dsx::bench
