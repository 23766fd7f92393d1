// Values of int8 arms: what their checks have to know of scales.
#pragma once

#include <cstddef>
#include <vector>

namespace dsx::bench {

// The values that the weights' integers stand for; `rows` output channels.
void round_to_int8(std::vector<float>& weights, std::size_t rows);

// A scale of u8 that no sum of products with sources of up to 255, and a bias below 4, exceeds.
float int8_result_scale(const std::vector<float>& weights, std::size_t rows);

}  // namespace dsx::bench
