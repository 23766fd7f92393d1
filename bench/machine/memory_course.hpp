// The memory system's course over a run: readings of memory_probe.hpp in order of time, against the
// reference, which is how it was at the start. Samples between two readings belong to the worse of them: they
// are marked when that is unlike the reference. Marked samples are kept (a next process meets the same
// neighbours): the mark says which figures are of another memory, and `slowdown` by process is the covariate
// that a spread over processes is set beside.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/machine/memory_probe.hpp"

namespace dsx::bench {

// More than the readings of a quiet machine differ by.
constexpr double kUnlikeMemory = 1.3;

// How many times slower than `reference`: the larger of the geometric mean of the latencies' ratios (L3 and
// memory) and the bandwidths' ratio. 1 where a figure is missing. Below 1: both are faster.
double slowdown(const MemoryReading& reading, const MemoryReading& reference);
bool unlike(const MemoryReading& reading,
            const MemoryReading& reference);  // slower or faster by kUnlikeMemory

class MemoryCourse {
 public:
  void add(const MemoryReading& reading) { readings_.push_back(reading); }
  const std::vector<MemoryReading>& readings() const { return readings_; }
  // Figure by figure the median of the first `count` readings.
  MemoryReading reference(std::size_t count = 3) const;
  double median_slowdown() const;  // over all readings; 1 without any
  // "the memory system was 1.6 times slower than at the start (memory 141 ns, then up to 230 ns; ...)"; ""
  // while all readings are like the reference.
  std::string sentence() const;
  // "of the L3's 32 MB about 6 MB are ours"; "" without an L3.
  std::string share_sentence(double nominal_l3_bytes) const;

 private:
  std::vector<MemoryReading> readings_;
};

nlohmann::json to_json(const MemoryReading& reading);
MemoryReading memory_reading_of(const nlohmann::json& json);

}  // namespace dsx::bench
