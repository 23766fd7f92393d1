// One block of memory for all buffers of a plan: buffers whose lifetimes do not overlap share addresses.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/base/pages.hpp"

namespace dsx::net {

struct Lifetime {
  std::size_t bytes = 0;
  int first = 0, last = 0;  // step numbers, both inclusive: a step's inputs and outputs never share
};

struct ArenaLayout {
  std::vector<std::size_t> offsets;  // of each buffer
  std::size_t bytes = 0;             // of the whole block
};

// Greedy by size: each buffer, largest first, at the lowest offset that is free during its lifetime
// (Pisarchyk & Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
ArenaLayout assign_offsets(const std::vector<Lifetime>& buffers);

}  // namespace dsx::net
