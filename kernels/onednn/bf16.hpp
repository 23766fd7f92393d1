// float -> bfloat16, to nearest, ties to even: what oneDNN's reorders do.
#pragma once

#include <bit>
#include <cstdint>

namespace dsx::kernels {

inline std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U)
    return static_cast<std::uint16_t>(bits >> 16 | 0x40U);  // stays a NaN
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

inline float rounded_to_bf16(float value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(to_bf16(value)) << 16);
}

}  // namespace dsx::kernels
