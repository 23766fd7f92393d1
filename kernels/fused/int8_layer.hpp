// What our int8 kernels share: which of them this CPU has, and a layer's integers.
//   dst = max(factor[o] * sum_s32(src * weights) + bias[o], 0) / scale_dst, to the nearest integer, ties to
//   even
// in f32, operation by operation as oneDNN's primitives do it, so that results are the same.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/onednn/int8_weighted.hpp"

namespace dsx::fused {

// "AVX3_VNNI", "AVX2_VNNI", "AVX2" (7-bit weights): what int8 kernels use here, within oneDNN's instruction
// set; "": there are none, and where oneDNN has AMX, which nothing here comes near, they are left to it.
std::string int8_isa();
bool int8_has_vnni();  // of them
void require_int8();   // throws UnsupportedError where there are none

struct Int8Layer {
  std::vector<std::int8_t> weights;  // in the order that was given
  std::vector<float> factors, bias;  // one for each output channel
};
// `bias` may be empty. The source is not padded: all of its shift goes into the bias.
Int8Layer int8_layer(std::span<const float> weights, std::size_t rows, std::span<const float> bias,
                     const kernels::Int8Scales& scales);

// For one value; `inverse`: 1 / scale_dst. Of numbers up to 255.
std::uint8_t nearest_u8(float value, float inverse);

}  // namespace dsx::fused
