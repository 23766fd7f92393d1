#include "net/plan/arena.hpp"

#include <algorithm>
#include <numeric>

namespace dsx::net {

namespace {

constexpr std::size_t kAlign = 64;  // a cache line, and the widest vector

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

}  // namespace dsx::net
