// The matrices of the fast filters, from their points: F(4, r) gives what the definition gives, in exact
// arithmetic.
#include "kernels/fused/fast_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/reference/run_kernel.hpp"

namespace dsx {
namespace {

using fused::FastFilter;
using fused::kFastOutputs;

// A [(G g) * (B d)], for each of the unit vectors g and d: the correlation is linear in both.
template <int kTaps>
double output_of_units(const FastFilter<kTaps>& f, std::size_t j, std::size_t tap, std::size_t column) {
  double sum = 0;
  for (std::size_t i = 0; i < f.source.size(); ++i)
    sum += f.output[j][i] * f.filter[i][tap] * f.source[i][column];
  return sum;
}

template <int kTaps>
void expect_correlation(const FastFilter<kTaps>& f) {
  for (std::size_t j = 0; j < kFastOutputs; ++j)
    for (std::size_t tap = 0; tap < kTaps; ++tap)
      for (std::size_t column = 0; column < f.source.size(); ++column)
        EXPECT_NEAR(output_of_units(f, j, tap, column), column == j + tap ? 1 : 0, 1e-14)
            << "output " << j << ", tap " << tap << ", column " << column;
}

TEST(FastFilter, IsTheCorrelationForEachUnitVector) {
  expect_correlation(fused::FastParts<1>::first.filter);
  expect_correlation(fused::FastParts<2>::first.filter);
  expect_correlation(fused::FastParts<2>::second.filter);
}

template <int kTaps>
void expect_exact(const FastFilter<kTaps>& f) {
  // A power of two and eight bits: exact in float, and an image's 8-bit values times it are.
  const auto short_number = [](double c) { return c * 64 == std::round(c * 64) && std::abs(c) <= 21; };
  for (const auto& row : f.source)
    for (const double c : row) EXPECT_TRUE(short_number(c)) << c;
  for (const auto& row : f.output)
    for (const double c : row) EXPECT_TRUE(short_number(c)) << c;
}

TEST(FastFilter, RoundsInTheWeightsAlone) {
  expect_exact(fused::FastParts<1>::first.filter);
  expect_exact(fused::FastParts<2>::first.filter);
  expect_exact(fused::FastParts<2>::second.filter);
}

// As Lavin and Gray print them for F(6, 3), whose points these are too (rows up to their signs).
TEST(FastFilter, HasThePublishedRows) {
  const auto& b = fused::FastParts<1>::first.filter.source;
  EXPECT_EQ(b[0], (std::array<double, 8>{-1, 0, 5.25, 0, -5.25, 0, 1, 0}));
  EXPECT_EQ(b[1], (std::array<double, 8>{0, 1, 1, -4.25, -4.25, 1, 1, 0}));
  EXPECT_EQ(b[3], (std::array<double, 8>{0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0}));
  EXPECT_EQ(b[7], (std::array<double, 8>{0, -1, 0, 5.25, 0, -5.25, 0, 1}));
}

// Kernels rely on it: a and -a share the two halves of their rows, products of both parts of stride 2 are
// added.
TEST(FastFilter, PairsPointsAndSharesThemBetweenParts) {
  const auto& f = fused::FastParts<1>::first.filter;
  for (std::size_t i = 1; i < 7; i += 2)
    for (std::size_t j = 0; j < 8; ++j) EXPECT_EQ(std::abs(f.source[i][j]), std::abs(f.source[i + 1][j]));
  const auto& even = fused::FastParts<2>::first.filter;
  const auto& odd = fused::FastParts<2>::second.filter;
  for (std::size_t j = 0; j < kFastOutputs; ++j)
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(even.output[j][i + 1], odd.output[j][i]);
}

}  // namespace
}  // namespace dsx
