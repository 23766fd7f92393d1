// Memory for large buffers: page-aligned, on large pages where the system gives them.
#pragma once

#include <cstddef>
#include <memory>

namespace dsx {

struct AlignedDelete {
  void operator()(std::byte* p) const;
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;
// Page-aligned, on large pages where the system gives them for the asking (fewer TLB misses, and times that
// depend less on where small pages happen to lie); not initialised. Throws std::bad_alloc.
AlignedBytes allocate_pages(std::size_t bytes);

// Asks for large pages behind memory that somebody else allocated and nobody has touched yet.
void advise_large_pages(void* begin, std::size_t bytes);

}  // namespace dsx
