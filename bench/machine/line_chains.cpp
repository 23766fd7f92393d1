#include "bench/machine/line_chains.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <numeric>
#include <stdexcept>

namespace dsx::bench {

void LineChains::Free::operator()(Line* lines) const { std::free(lines); }

LineChains::LineChains(std::vector<Level> levels, std::uint64_t seed) : levels_(std::move(levels)) {
  if (levels_.empty() || levels_.size() > kMostLevels) throw std::logic_error("LineChains: 1 to 8 levels");
  std::size_t bytes = 0;
  for (const Level& level : levels_) {
    if (level.bytes == 0 || level.bytes % level.group_bytes != 0)
      throw std::logic_error("LineChains: a level is some groups");
    bytes = std::max(bytes, level.bytes);
  }
  constexpr std::size_t large_page = std::size_t{2} << 20;
  const std::size_t whole = (bytes + large_page - 1) / large_page * large_page;
  lines_.reset(static_cast<Line*>(std::aligned_alloc(large_page, whole)));
  if (!lines_) throw std::bad_alloc();
  ::madvise(lines_.get(), whole, MADV_HUGEPAGE);  // a hint: without it the TLB adds some ns
  std::fill_n(lines_.get(), bytes / kLineBytes, Line{});
  Random random({seed});
  first_order_ = order_lines(0, random);
  for (std::size_t level = 1; level < levels_.size(); ++level) order_lines(level, random);
}

std::vector<std::uint32_t> LineChains::order_lines(std::size_t level, Random& random) {
  const std::size_t of_group = levels_[level].group_bytes / kLineBytes;
  std::vector<std::uint32_t> groups(lines(level) / of_group), order;
  std::iota(groups.begin(), groups.end(), 0U);
  random.shuffle(std::span(groups));
  order.reserve(lines(level));
  for (const std::uint32_t group : groups) {
    for (std::size_t i = 0; i < of_group; ++i)
      order.push_back(group * static_cast<std::uint32_t>(of_group) + static_cast<std::uint32_t>(i));
    random.shuffle(std::span(order).last(of_group));
  }
  for (std::size_t i = 0; i < order.size(); ++i)
    lines_[order[i]].next[level] = &lines_[order[(i + 1) % order.size()]];
  return order;
}

std::size_t LineChains::lines(std::size_t level) const { return levels_.at(level).bytes / kLineBytes; }

void LineChains::follow(std::size_t level, std::size_t start, std::size_t steps) const {
  const Line* at = &lines_[start];
  for (std::size_t i = 0; i < steps; ++i) at = at->next[level];
  __asm__ volatile("" ::"r"(at) : "memory");  // keeps the loads
}

template <int kChains>
std::size_t LineChains::follow_many(std::size_t first_place, std::size_t steps) const {
  std::array<const Line*, kChains> at{};
  for (int k = 0; k < kChains; ++k)
    at[k] = &lines_[first_order_[first_place + static_cast<std::size_t>(k) * steps]];
  for (std::size_t i = 0; i < steps; ++i)
    for (int k = 0; k < kChains; ++k) at[k] = at[k]->next[0];
  std::size_t sum = 0;
  for (const Line* line : at) sum += static_cast<std::size_t>(line - lines_.get());
  return sum;
}

std::size_t LineChains::read(int part, int parts, int chains) const {
  const std::size_t steps = first_order_.size() / static_cast<std::size_t>(parts * chains);
  const std::size_t first = static_cast<std::size_t>(part * chains) * steps;
  switch (chains) {
    case 1:
      return follow_many<1>(first, steps);
    case 2:
      return follow_many<2>(first, steps);
    case 4:
      return follow_many<4>(first, steps);
    case 8:
      return follow_many<8>(first, steps);
    case 16:
      return follow_many<16>(first, steps);
    default:
      throw std::logic_error("LineChains: 1, 2, 4, 8 or 16 chains");
  }
}

}  // namespace dsx::bench
