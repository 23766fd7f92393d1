// The memory system's course over a run: readings of memory_probe.hpp in order of time, against the
// reference, which is how it is when nobody disturbs it: the fastest quarter of all readings. (What came
// first is no reference: a neighbour may be there from the start, and one interrupted reading would move it.)
// Samples between two readings belong to the worse of them: they are marked when that is unlike the
// reference. Marked samples are kept (a next process meets the same neighbours): the mark says which figures
// are of another memory, and `slowdown` by process is the covariate that a spread over processes is set
// beside.
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
  // Figure by figure the median of the fastest quarter (at least one) of all readings: others can only slow
  // the memory down, so the fast end is stable, and its middle is not one lucky reading. l3_ours_bytes: its
  // median.
  MemoryReading reference() const;
  // Figure by figure the median of the first `count` readings.
  MemoryReading middle(std::size_t count) const;
  MemoryReading middle() const { return middle(readings_.size()); }
  // "the memory system was up to 1.6 times slower than in its fastest quarter (1.1 times at the start; ...)";
  // "" while all readings are like the reference.
  std::string sentence() const;
  // "of the L3's 32 MB about 6 MB are ours"; "" without an L3.
  std::string share_sentence(double nominal_l3_bytes) const;

 private:
  std::vector<MemoryReading> readings_;
};

nlohmann::json to_json(const MemoryReading& reading);
MemoryReading memory_reading_of(const nlohmann::json& json);

}  // namespace dsx::bench
