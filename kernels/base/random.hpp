// Random numbers that are the same with every compiler and standard library, which std::shuffle and the std
// distributions do not promise: SplitMix64 (Steele, Lea, Flood 2014), seeded by mixing several keys.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <span>
#include <utility>

namespace dsx {

class Random {
 public:
  // Independent streams for independent keys, e.g. {seed, epoch, index}.
  Random(std::initializer_list<std::uint64_t> keys) {
    for (const std::uint64_t key : keys) {
      state_ ^= key;
      state_ = bits() + 0x632BE59BD9B4E019ULL;
    }
  }
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  std::size_t below(std::size_t n) {  // [0, n), by multiplication (Lemire 2019); its bias is below 2^-32 here
    return static_cast<std::size_t>((static_cast<unsigned __int128>(bits()) * n) >> 64);
  }
  double normal() {  // Box-Muller, one of the pair
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  template <typename T>
  void shuffle(std::span<T> values) {  // Fisher-Yates
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::uint64_t state_ = 0x243F6A8885A308D3ULL;  // pi's digits: any constant
};

}  // namespace dsx
