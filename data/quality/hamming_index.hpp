// All pairs of 64-bit hashes within a Hamming radius, without comparing all pairs: multi-index hashing
// (Norouzi, Punjani & Fleet 2012, CVPR). Hashes are cut into m blocks; two hashes within radius r agree in
// some block up to floor(r / m) bits, so only hashes that share such a block are compared. The number of
// blocks is the one with the least expected work. What a hash means is left to perceptual_hash.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace dsx::data {

inline constexpr int kMaxHammingRadius = 16;

struct HashPair {
  std::uint32_t first = 0, second = 0;  // positions in `hashes`, first < second
  int distance = 0;
  bool operator==(const HashPair&) const = default;
};

struct HashPairs {
  std::vector<HashPair> pairs;  // the closest first, then by position
  bool truncated = false;       // there are more than `limit`; which ones are missing is not said
};

// `accept`, when given, is asked about each pair within the radius, from any thread, and drops it with false.
using PairTest = std::function<bool(std::uint32_t first, std::uint32_t second)>;

// radius from 0 to kMaxHammingRadius; jobs threads (0: every CPU). std::invalid_argument otherwise, or for
// 2^32 hashes or more.
HashPairs pairs_within(std::span<const std::uint64_t> hashes, int radius, int jobs = 0,
                       std::size_t limit = 10'000'000, const PairTest& accept = {});

}  // namespace dsx::data
