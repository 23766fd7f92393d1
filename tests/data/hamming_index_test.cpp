// Near-duplicate search against all pairs, and what it must not lose among a million hashes.
#include "data/quality/hamming_index.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <set>
#include <stdexcept>

#include "kernels/base/random.hpp"

namespace dsx {
namespace {

std::vector<std::uint64_t> random_hashes(std::size_t count, std::uint64_t seed) {
  Random random{seed};
  std::vector<std::uint64_t> hashes(count);
  for (std::uint64_t& hash : hashes) hash = random.bits();
  return hashes;
}

std::uint64_t with_flipped_bits(std::uint64_t hash, int count, Random& random) {
  std::set<std::size_t> bits;
  while (bits.size() < static_cast<std::size_t>(count)) bits.insert(random.below(64));
  for (const std::size_t bit : bits) hash ^= std::uint64_t{1} << bit;
  return hash;
}

std::vector<data::HashPair> all_pairs(const std::vector<std::uint64_t>& hashes, int radius) {
  std::vector<data::HashPair> pairs;
  for (int distance = 0; distance <= radius; ++distance)
    for (std::uint32_t i = 0; i < hashes.size(); ++i)
      for (std::uint32_t j = i + 1; j < hashes.size(); ++j)
        if (std::popcount(hashes[i] ^ hashes[j]) == distance) pairs.push_back({i, j, distance});
  return pairs;
}

class HammingIndex : public ::testing::TestWithParam<int> {};

// A third of the hashes are copies of others with 0 to 20 flipped bits, so that every distance occurs.
TEST_P(HammingIndex, FindsWhatAllPairsFind) {
  std::vector<std::uint64_t> hashes = random_hashes(2000, 7);
  Random random{8};
  for (std::size_t i = 0; i < 1000; ++i)
    hashes.push_back(
        with_flipped_bits(hashes[random.below(hashes.size())], static_cast<int>(i % 21), random));
  const std::vector<data::HashPair> expected = all_pairs(hashes, GetParam());
  EXPECT_GT(expected.size(), 40U);
  for (const int jobs : {1, 3}) {
    const data::HashPairs found = data::pairs_within(hashes, GetParam(), jobs);
    EXPECT_FALSE(found.truncated);
    EXPECT_EQ(found.pairs, expected);
  }
}
INSTANTIATE_TEST_SUITE_P(Radius, HammingIndex, ::testing::Range(0, data::kMaxHammingRadius + 1),
                         [](const auto& tested) { return std::to_string(tested.param); });

TEST(HammingPairs, OfAMillionHashesAreAllFound) {
  constexpr std::size_t kCount = 1'000'000, kPlanted = 1000;
  constexpr int kRadius = 4;
  std::vector<std::uint64_t> hashes = random_hashes(kCount, 11);
  Random random{12};
  std::set<std::pair<std::uint32_t, std::uint32_t>> planted;
  for (std::uint32_t i = 0; i < kPlanted; ++i) {
    const auto other = static_cast<std::uint32_t>(kCount / 2 + i * 400);
    hashes[other] = with_flipped_bits(hashes[i * 300], static_cast<int>(i) % (kRadius + 1), random);
    planted.emplace(std::min(i * 300, other), std::max(i * 300, other));
  }
  const data::HashPairs found = data::pairs_within(hashes, kRadius);
  std::size_t hits = 0;
  for (const data::HashPair& pair : found.pairs) {
    EXPECT_EQ(std::popcount(hashes[pair.first] ^ hashes[pair.second]), pair.distance);
    hits += planted.count({pair.first, pair.second});
  }
  EXPECT_EQ(hits, kPlanted);
  // Random pairs within 4 bits of each other: 5e11 pairs times 3.7e-14.
  EXPECT_LE(found.pairs.size(), kPlanted + 5);
}

TEST(HammingPairs, StopAtTheLimitAndSaySo) {
  const std::vector<std::uint64_t> same(200, 5);
  const data::HashPairs found = data::pairs_within(same, 2, 2, 1000);
  EXPECT_TRUE(found.truncated);
  EXPECT_EQ(found.pairs.size(), 1000U);
  EXPECT_FALSE(data::pairs_within(same, 2, 2, 19900).truncated);
}

TEST(HammingPairs, OfNothingAreNone) {
  EXPECT_TRUE(data::pairs_within({}, 8).pairs.empty());
  EXPECT_TRUE(data::pairs_within(random_hashes(1, 1), 8).pairs.empty());
}

TEST(HammingPairs, RefuseAnImpossibleRadius) {
  EXPECT_THROW(data::pairs_within({}, -1), std::invalid_argument);
  EXPECT_THROW(data::pairs_within({}, data::kMaxHammingRadius + 1), std::invalid_argument);
}

}  // namespace
}  // namespace dsx
