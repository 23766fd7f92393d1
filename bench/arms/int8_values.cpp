#include "bench/arms/int8_values.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/onednn/int8.hpp"

namespace dsx::bench {

void round_to_int8(std::vector<float>& weights, std::size_t rows) {
  const auto made = kernels::quantize_weights(weights, rows, kernels::weight_limit());
  const std::size_t columns = weights.size() / rows;
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = made.scales[i / columns] * static_cast<float>(made.values[i]);
}

float int8_result_scale(const std::vector<float>& weights, std::size_t rows) {
  constexpr double kMostBias = 4, kMostSource = 255;
  const std::size_t columns = weights.size() / rows;
  double most = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < columns; ++i) sum += std::abs(weights[r * columns + i]);
    most = std::max(most, sum);
  }
  return kernels::u8_scale(0, most * kMostSource + kMostBias).scale;
}

}  // namespace dsx::bench
