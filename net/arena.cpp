#include "net/arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <numeric>

namespace dsx {

namespace {

constexpr std::size_t kAlign = 64;  // a cache line, and the widest vector
constexpr std::size_t kPage = 4096, kLargePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

ArenaLayout assign_offsets(const std::vector<Lifetime>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return buffers[a].bytes > buffers[b].bytes; });
  ArenaLayout result;
  result.offsets.assign(buffers.size(), 0);
  std::vector<std::size_t> placed;  // in order of offset
  for (const auto i : order) {
    std::size_t offset = 0;
    for (const auto j : placed) {
      if (buffers[j].last < buffers[i].first || buffers[j].first > buffers[i].last) continue;
      if (offset + buffers[i].bytes <= result.offsets[j]) break;
      offset = std::max(offset, round_up(result.offsets[j] + buffers[j].bytes, kAlign));
    }
    result.offsets[i] = offset;
    result.bytes = std::max(result.bytes, offset + buffers[i].bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i,
                                   [&](auto a, auto b) { return result.offsets[a] < result.offsets[b]; }),
                  i);
  }
  return result;
}

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

dnnl::memory make_paged_memory(const dnnl::memory::desc& md, const dnnl::engine& engine) {
  dnnl::memory made(md, engine);
  advise_large_pages(made.get_data_handle(), md.get_size());
  return made;
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
