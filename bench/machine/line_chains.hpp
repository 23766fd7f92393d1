// Memory as chains of cache lines, each line holding where the next is: no load can start before the one
// before it in its chain has come, so that their time is the latency. The lines of a group come in random
// order, and the groups as well: prefetchers see no pattern, and a group of a few pages keeps the TLB's
// misses few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/base/random.hpp"

namespace dsx::bench {

class LineChains {
 public:
  static constexpr std::size_t kLineBytes = 64;
  // A line has room for as many pointers: each level is a cycle of its own through the same memory.
  static constexpr std::size_t kMostLevels = 8;

  struct Level {
    std::size_t bytes = 0;        // from the beginning of the memory; a multiple of group_bytes
    std::size_t group_bytes = 0;  // of lines that follow each other
  };
  // As much memory as the largest level, in large pages where the system grants them.
  LineChains(std::vector<Level> levels, std::uint64_t seed);

  std::size_t lines(std::size_t level = 0) const;
  // Reads each line of part `part` of `parts` of the first level once, `chains` at a time: 1, 2, 4, 8 or 16.
  // The sum of the lines' numbers that it ends at.
  std::size_t read(int part, int parts, int chains) const;
  // `steps` loads of one level from line number `start` on.
  void follow(std::size_t level, std::size_t start, std::size_t steps) const;
  // The same memory, for reading in order: not a number, but as many bytes.
  const float* floats() const { return reinterpret_cast<const float*>(lines_.get()); }

 private:
  struct Line {
    const Line* next[kMostLevels];
  };
  static_assert(sizeof(Line) == kLineBytes);
  struct Free {
    void operator()(Line* lines) const;
  };
  template <int kChains>
  std::size_t follow_many(std::size_t first_place, std::size_t steps) const;
  // Ends where it began, after all lines of the level.
  std::vector<std::uint32_t> order_lines(std::size_t level, Random& random);

  std::vector<Level> levels_;
  std::unique_ptr<Line[], Free> lines_;
  std::vector<std::uint32_t> first_order_;  // of the first level, where parts begin
};

}  // namespace dsx::bench
