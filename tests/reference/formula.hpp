// Weights and inputs that scripts/peers.d/formula.py computes bit for bit the same: see the formula there.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace dsx::reference {

inline std::uint64_t fnv1a64(const std::string& name) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (const unsigned char byte : name) h = (h ^ byte) * 0x100000001b3ull;
  return h;
}
inline std::uint64_t formula_bits(const std::string& name, std::uint64_t index) {
  std::uint64_t z = fnv1a64(name) + index + 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return (z ^ (z >> 31)) >> 40;
}
inline std::vector<float> formula_values(const std::string& name, std::size_t count, double bound = 1,
                                         int fraction = 20, std::uint64_t first = 0) {
  const auto m = static_cast<std::int64_t>(std::floor(std::ldexp(bound, fraction)));
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto whole =
        static_cast<std::int64_t>(formula_bits(name, first + i) % static_cast<std::uint64_t>(2 * m + 1)) - m;
    values[i] = std::ldexp(static_cast<float>(whole), -fraction);
  }
  return values;
}
inline std::vector<float> formula_parameter(const std::string& name, std::size_t count, int fan_in) {
  const bool weight = name.ends_with("weight"), conv = name.find("conv") != std::string::npos;
  const double bound = weight ? std::sqrt(6.0 / fan_in) : 1 / std::sqrt(static_cast<double>(fan_in));
  return formula_values(name, count, bound, conv ? (weight ? 5 : 10) : 20);
}

}  // namespace dsx::reference
