#include "kernels/base/pages.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace dsx {

namespace {

constexpr std::size_t kPage = 4096, kLargePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void AlignedDelete::operator()(std::byte* p) const { std::free(p); }

void advise_large_pages(void* begin, std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  // A wish: where it is not granted, small pages serve.
  const auto start = round_up(reinterpret_cast<std::uintptr_t>(begin), kPage);
  const auto end = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / kPage * kPage;
  if (bytes >= kLargePage) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#else
  (void)begin;
  (void)bytes;
#endif
}

AlignedBytes allocate_pages(std::size_t bytes) {
  const std::size_t page = bytes >= kLargePage ? kLargePage : kPage;
  const std::size_t size = round_up(std::max<std::size_t>(bytes, 1), page);
  auto* p = static_cast<std::byte*>(std::aligned_alloc(page, size));
  if (p == nullptr) throw std::bad_alloc();
  advise_large_pages(p, size);
  return AlignedBytes(p);
}

}  // namespace dsx
