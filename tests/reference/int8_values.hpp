// Values for tests of 8-bit integer kernels: scales are powers of two, so that results are exact, and the
// largest weights meet the largest activations, which a CPU without VNNI would saturate.
#pragma once

#include <algorithm>
#include <cmath>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "kernels/onednn/int8.hpp"

namespace dsx::reference {

constexpr float kWeightScale = 0x1p-6F, kSourceScale = 0x1p-4F;

enum class Fill { random, saturating };
inline void PrintTo(Fill fill, std::ostream* out) {
  *out << (fill == Fill::random ? "random" : "saturating");
}

inline std::vector<double> u8_values(std::size_t count, Fill fill, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> values(count);
  for (auto& value : values) value = fill == Fill::saturating ? 255 : static_cast<int>(random() % 256);
  return values;
}

// Multiples of kWeightScale; the first of each row has the largest integer, so that the row's scale is that.
inline std::vector<double> weight_values(std::size_t rows, std::size_t columns, Fill fill, unsigned seed) {
  const int limit = kernels::weight_limit();
  std::mt19937 random(seed);
  std::vector<double> values(rows * columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int row_sign = i / columns % 2 == 0 ? 1 : -1;
    const int integer = fill == Fill::saturating || i % columns == 0
                            ? row_sign * limit
                            : static_cast<int>(random() % (2 * static_cast<unsigned>(limit) + 1)) - limit;
    values[i] = static_cast<double>(integer) * kWeightScale;
  }
  return values;
}

inline std::vector<double> rounded(std::vector<double> reals, double scale) {
  for (double& x : reals) x = std::clamp(std::nearbyint(x / scale), 0.0, 255.0);
  return reals;
}

inline std::string name_of_fill(Fill fill, int threads) {
  return std::string(fill == Fill::random ? "random" : "saturating") + "_" + std::to_string(threads) +
         "_threads";
}

}  // namespace dsx::reference
