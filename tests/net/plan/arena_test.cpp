// Places in the arena.
#include "net/plan/arena.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dsx {
namespace {

TEST(Arena, NeverOverlapsBuffersThatLiveAtTheSameTime) {
  std::mt19937 random(17);
  for (int round = 0; round < 200; ++round) {
    std::vector<net::Lifetime> lives(1 + random() % 30);
    std::size_t total = 0;
    for (auto& life : lives) {
      life.bytes = 1 + random() % 5000;
      life.first = static_cast<int>(random() % 20);
      life.last = life.first + static_cast<int>(random() % 6);
      total += (life.bytes + 63) / 64 * 64;
    }
    const auto layout = net::assign_offsets(lives);
    EXPECT_LE(layout.bytes, total);
    for (std::size_t i = 0; i < lives.size(); ++i) {
      EXPECT_EQ(layout.offsets[i] % 64, 0u);
      for (std::size_t j = 0; j < i; ++j) {
        const bool same_time = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
        const bool same_place = layout.offsets[i] < layout.offsets[j] + lives[j].bytes &&
                                layout.offsets[j] < layout.offsets[i] + lives[i].bytes;
        ASSERT_FALSE(same_time && same_place) << "round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace dsx
