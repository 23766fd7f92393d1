// One block of memory for all buffers of a plan: buffers whose lifetimes do not overlap share addresses.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <memory>
#include <vector>

namespace dsx {

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

struct AlignedDelete {
  void operator()(std::byte* p) const;
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;
// Page-aligned, on large pages where the system gives them for the asking (fewer TLB misses, and times that
// depend less on where small pages happen to lie); not initialised. Throws std::bad_alloc.
AlignedBytes allocate_pages(std::size_t bytes);

// Asks for large pages behind memory that somebody else allocated and nobody has touched yet.
void advise_large_pages(void* begin, std::size_t bytes);

// oneDNN's own allocation, on large pages where there are some; not initialised.
dnnl::memory make_paged_memory(const dnnl::memory::desc& md, const dnnl::engine& engine);

}  // namespace dsx
