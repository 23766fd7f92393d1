// One-dimensional fast filters (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", CVPR 2016): F(m, r) gives m outputs of r taps, y[j] =
// sum over i of g[i] d[j + i], with m + r - 1 products instead of m r:
//   y = A [(G g) * (B d)],   d [m + r - 1], g [r], * element by element.
// Everything follows from the points a of Toom and Cook, all but the last of them finite, M(x) = prod (x -
// a_i):
//   row i of B: coefficients of M(x) / (x - a_i);  row i of G: a_i^k / prod over j != i of (a_i - a_j);
//   column i of A: a_i^j;  for infinity: coefficients of M; the last tap alone; the last output alone.
// With points 0, 1, -1, 2, -2, 1/2, -1/2 each number of A and B is exact in binary, so that only G's rounds.
// Points come as 0 (where their number is odd), then pairs a, -a: their rows of B agree in one half of the
// columns and have opposite signs in the other.
//
// F(4, 5): 8 products for 20.  Stride 2 takes even and odd taps apart, F(4, 3) + F(4, 2): 11 for 20. Both
// parts' points and outputs are the same, so that products of a point are added before A. Their points are 0,
// 1, -1, 1/2, -1/2: with 2 the error is a quarter larger.
#pragma once

#include <array>
#include <cstddef>

namespace dsx::fused {

inline constexpr int kFastOutputs = 4;  // columns of the convolution in a tile

template <int kTaps, int kOutputs = kFastOutputs>
struct FastFilter {
  static constexpr int kProducts = kOutputs + kTaps - 1;
  static constexpr int kFirstPair = (kProducts - 1) % 2, kLast = kProducts - 1;  // the last: infinity
  std::array<std::array<double, kProducts>, kProducts> source{};                 // B
  std::array<std::array<double, kTaps>, kProducts> filter{};                     // G
  std::array<std::array<double, kProducts>, kOutputs> output{};                  // A
};

template <int kTaps, int kOutputs = kFastOutputs>
constexpr FastFilter<kTaps, kOutputs> fast_filter(
    const std::array<double, static_cast<std::size_t>(kOutputs + kTaps - 2)>& points) {
  constexpr int kFinite = kOutputs + kTaps - 2;
  FastFilter<kTaps, kOutputs> f;
  for (int i = 0; i <= kFinite; ++i) {  // the last one: infinity, where no factor is left out
    auto& polynomial = f.source[i];
    polynomial[0] = 1;
    double norm = 1;
    int degree = 0;
    for (int j = 0; j < kFinite; ++j) {
      if (j == i) continue;
      for (int k = ++degree; k >= 0; --k)
        polynomial[k] = (k > 0 ? polynomial[k - 1] : 0) - points[j] * polynomial[k];
      if (i < kFinite) norm *= points[i] - points[j];
    }
    if (i == kFinite) {
      f.filter[i][kTaps - 1] = 1;
      f.output[kOutputs - 1][i] = 1;
      continue;
    }
    double power = 1;
    for (int k = 0; k < kFinite; ++k, power *= points[i]) {
      if (k < kTaps) f.filter[i][k] = power / norm;
      if (k < kOutputs) f.output[k][i] = power;
    }
  }
  return f;
}

// The taps offset, offset + stride, ... of a kernel of 5. Part p's product i goes to sum p + i.
template <int kTaps>
struct FastPart {
  FastFilter<kTaps> filter;
  int offset;
};

// A kernel of 5 with a stride: its parts, and how many of all their products come before those of a sum.
template <int kStride>
struct FastParts;
template <>
struct FastParts<1> {
  static constexpr int kSums = 8;
  static constexpr int first_plane(int sum) { return sum; }
  static constexpr FastPart<5> first{fast_filter<5>({0, 1, -1, 2, -2, 0.5, -0.5}), 0};
};
// Sum 0 has products of the first part alone, each other sum those of both.
template <>
struct FastParts<2> {
  static constexpr int kSums = 6;
  static constexpr int first_plane(int sum) { return sum == 0 ? 0 : 2 * sum - 1; }
  static constexpr FastPart<3> first{fast_filter<3>({0, 1, -1, 0.5, -0.5}), 0};
  static constexpr FastPart<2> second{fast_filter<2>({1, -1, 0.5, -0.5}), 1};
};

// The gradient of a kernel row's 5 weights from 4 columns of the convolution's gradient and the 8 of the
// source that they met is the same correlation with other names, F(5, 4): 8 products for 20. Its points are
// those of F(4, 5), so that the transform of the source is the same too.
inline constexpr FastFilter<kFastOutputs, 5> kWeightFilter =
    fast_filter<kFastOutputs, 5>({0, 1, -1, 2, -2, 0.5, -0.5});

}  // namespace dsx::fused
