// One table per block: hashes sorted by the block's value, and where each value starts. A pair is reported by
// the first block that finds it, so that no set of pairs is needed.
#include "data/quality/hamming_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <stdexcept>

#include "kernels/base/cpus.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace {

constexpr int kHashBits = 64;
constexpr int kMaxBlockBits = 22;     // a table of 2^22 starts is 16 MiB
constexpr double kProbeCost = 8;      // one look into a table, in comparisons: a cache miss
constexpr std::size_t kChunk = 4096;  // hashes that a thread takes at a time

// Bits [shift, shift + width) of a hash, searched up to `radius` differing bits.
struct Block {
  int shift = 0, width = 0, radius = 0;
  std::uint32_t value(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((hash >> shift) & ((std::uint64_t{1} << width) - 1));
  }
};

// With radius = m s + a, a < m: one of the first a + 1 blocks differs in at most s bits, or one of the others
// in at most s - 1. Blocks whose radius is below 0 need no search.
std::vector<Block> cut(int blocks, int radius) {
  std::vector<Block> result;
  const int base = radius / blocks, rest = radius % blocks;
  int shift = 0;
  for (int b = 0; b < blocks; ++b) {
    const int width = kHashBits / blocks + (b < kHashBits % blocks ? 1 : 0);
    result.push_back({shift, width, b <= rest ? base : base - 1});
    shift += width;
  }
  return result;
}

double masks_within(int width, int radius) {
  double count = 0, choose = 1;
  for (int k = 0; k <= radius; ++k) {
    count += choose;
    choose = choose * (width - k) / (k + 1);
  }
  return count;
}

// Expected work for evenly spread hashes, in comparisons.
double cost(const std::vector<Block>& blocks, double hashes) {
  double total = 0;
  for (const Block& block : blocks) {
    if (block.radius < 0) continue;
    const double values = std::exp2(block.width);
    total += values + hashes * masks_within(block.width, block.radius) * (kProbeCost + hashes / values / 2);
  }
  return total;
}

std::vector<Block> best_cut(int radius, std::size_t hashes) {
  std::vector<Block> best;
  for (int blocks = (kHashBits + kMaxBlockBits - 1) / kMaxBlockBits; blocks <= kMaxHammingRadius + 1;
       ++blocks) {
    std::vector<Block> candidate = cut(blocks, radius);
    const auto count = static_cast<double>(hashes);
    if (best.empty() || cost(candidate, count) < cost(best, count)) best = std::move(candidate);
  }
  return best;
}

// Every mask of `width` bits with at most `radius` of them set.
std::vector<std::uint32_t> masks_of(const Block& block) {
  std::vector<std::uint32_t> masks;
  for (std::uint32_t mask = 0; mask < (std::uint32_t{1} << block.width); ++mask)
    if (std::popcount(mask) <= block.radius) masks.push_back(mask);
  return masks;
}

struct Entry {
  std::uint64_t hash;
  std::uint32_t index;
};

struct Table {
  std::vector<std::uint32_t> starts;  // of each value, and the end
  std::vector<Entry> entries;         // by value, then by index

  Table(std::span<const std::uint64_t> hashes, const Block& block)
      : starts((std::size_t{1} << block.width) + 1), entries(hashes.size()) {
    for (const std::uint64_t hash : hashes) ++starts[block.value(hash) + 1];
    for (std::size_t v = 1; v < starts.size(); ++v) starts[v] += starts[v - 1];
    std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
    for (std::uint32_t i = 0; i < hashes.size(); ++i)
      entries[next[block.value(hashes[i])]++] = {hashes[i], i};
  }
};

class Search {
 public:
  Search(std::span<const std::uint64_t> hashes, int radius, std::size_t limit, const PairTest& accept)
      : hashes_(hashes),
        radius_(radius),
        limit_(limit),
        accept_(accept),
        blocks_(best_cut(radius, hashes.size())) {}

  HashPairs run(int jobs) {
    for (std::size_t b = 0; b < blocks_.size() && !full_; ++b) {
      if (blocks_[b].radius < 0) continue;
      const Table table(hashes_, blocks_[b]);
      const std::vector<std::uint32_t> masks = masks_of(blocks_[b]);
      std::atomic<std::size_t> next{0};
      const auto work = [&] {
        for (std::size_t i = next.fetch_add(kChunk); i < hashes_.size() && !full_; i = next.fetch_add(kChunk))
          keep(search(table, masks, b, i, std::min(i + kChunk, hashes_.size())));
      };
      run_workers(jobs, [&](int) { work(); });
    }
    std::sort(result_.pairs.begin(), result_.pairs.end(), [](const HashPair& a, const HashPair& b) {
      return std::tie(a.distance, a.first, a.second) < std::tie(b.distance, b.first, b.second);
    });
    return std::move(result_);
  }

 private:
  // Pairs whose smaller index lies in [begin, end).
  std::vector<HashPair> search(const Table& table, const std::vector<std::uint32_t>& masks, std::size_t b,
                               std::size_t begin, std::size_t end) const {
    std::vector<HashPair> found;
    for (std::size_t i = begin; i < end && found.size() <= limit_; ++i) {
      const std::uint64_t hash = hashes_[i];
      const std::uint32_t value = blocks_[b].value(hash);
      for (const std::uint32_t mask : masks) {
        const std::uint32_t at = value ^ mask;
        for (std::uint32_t e = table.starts[at]; e < table.starts[at + 1]; ++e) {
          const Entry& other = table.entries[e];
          const std::uint64_t difference = hash ^ other.hash;
          if (std::popcount(difference) > radius_ || other.index <= i || found_earlier(difference, b))
            continue;
          if (accept_ && !accept_(static_cast<std::uint32_t>(i), other.index)) continue;
          found.push_back({static_cast<std::uint32_t>(i), other.index, std::popcount(difference)});
        }
      }
    }
    return found;
  }

  bool found_earlier(std::uint64_t difference, std::size_t b) const {
    return std::any_of(
        blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(b),
        [&](const Block& block) { return std::popcount(block.value(difference)) <= block.radius; });
  }

  void keep(std::vector<HashPair> found) {
    const std::lock_guard lock(mutex_);
    const std::size_t room = limit_ - result_.pairs.size();
    if (found.size() > room) {
      found.resize(room);
      result_.truncated = full_ = true;
    }
    result_.pairs.insert(result_.pairs.end(), found.begin(), found.end());
  }

  std::span<const std::uint64_t> hashes_;
  int radius_;
  std::size_t limit_;
  const PairTest& accept_;
  std::vector<Block> blocks_;
  std::mutex mutex_;
  std::atomic<bool> full_{false};
  HashPairs result_;
};

}  // namespace

HashPairs pairs_within(std::span<const std::uint64_t> hashes, int radius, int jobs, std::size_t limit,
                       const PairTest& accept) {
  if (radius < 0 || radius > kMaxHammingRadius)
    throw std::invalid_argument(
        fmt::format("Hamming radius {} is not between 0 and {}", radius, kMaxHammingRadius));
  if (hashes.size() >= std::numeric_limits<std::uint32_t>::max())
    throw std::invalid_argument("too many hashes for one index");
  return Search(hashes, radius, limit, accept).run(jobs > 0 ? jobs : usable_cpus());
}

}  // namespace dsx::data
