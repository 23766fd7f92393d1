// The two transforms of the fast filters (fast_filter.hpp) that run with the images; G's is done once, when
// weights are packed. Vectors hold tiles (source) or output channels (output); every coefficient is taken
// from the filter's matrices while compiling, zeros and ones cost nothing.
//
//   phases:  row [W]                 -> [4 stride][tiles + lanes], phase i of tile t: column 4 stride t + i,
//   or 0 source:  phases of a row         -> [products][tiles]      24 multiply-adds and 6 sums a tile for
//   F(4, 5) output:  [sums] of one tile      -> its 4 columns          8 multiply-adds and 13 sums
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FAST_TRANSFORMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_TRANSFORMS_INL
#undef DOWNSCALEXR_FAST_TRANSFORMS_INL
#else
#define DOWNSCALEXR_FAST_TRANSFORMS_INL
#endif

#include <algorithm>
#include <array>
#include <type_traits>

#include "kernels/fused/fast_filter.hpp"
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// to += coefficient * v, or to = coefficient * v for the first term. Coefficients are known to the compiler.
HWY_INLINE void add_term(double coefficient, V v, bool& started, V& to) {
  if (coefficient == 0) return;
  const D d;
  if (coefficient == 1) {
    to = started ? hn::Add(to, v) : v;
  } else if (coefficient == -1) {
    to = started ? hn::Sub(to, v) : hn::Neg(v);
  } else {
    const V c = hn::Set(d, static_cast<float>(coefficient));
    to = started ? hn::MulAdd(c, v, to) : hn::Mul(c, v);
  }
  started = true;
}

// Phases of `lanes` tiles from `row`, of which `left` columns are there. Clears `within` where one of them is
// not a number up to `limit`.
template <int kStride>
HWY_INLINE void load_phases(const float* row, int left, V limit, hn::Mask<D>& within, float* to,
                            std::size_t step) {
  constexpr int kColumns = kFastOutputs * kStride * kLanes;
  const D d;
  HWY_ALIGN float padded[kColumns];
  HWY_ALIGN static constexpr float kNothing[kColumns] = {};
  if (left <= 0) {
    row = kNothing;
  } else if (left < kColumns) {
    for (int i = 0; i < kColumns; i += kLanes) {
      const auto there = static_cast<std::size_t>(std::clamp(left - i, 0, kLanes));
      hn::Store(hn::MaskedLoad(hn::FirstN(d, there), d, row + std::min(i, left)), d, padded + i);
    }
    row = padded;
  }
  const auto store = [&](int phase, V v) {
    within = hn::And(within, hn::Le(hn::Abs(v), limit));
    hn::StoreU(v, d, to + static_cast<std::size_t>(phase) * step);
  };
  V a[4];
  hn::LoadInterleaved4(d, row, a[0], a[1], a[2], a[3]);
  if constexpr (kStride == 1) {
    for (int i = 0; i < 4; ++i) store(i, a[i]);
  } else {
    V b[4];
    hn::LoadInterleaved4(d, row + 4 * kLanes, b[0], b[1], b[2], b[3]);
    for (int i = 0; i < 4; ++i) {
      store(i, hn::ConcatEven(d, b[i], a[i]));
      store(i + 4, hn::ConcatOdd(d, b[i], a[i]));
    }
  }
}

// The sum over j of coefficients[j] in[j], over those j for which chosen(j).
template <std::size_t kCount, class Chosen>
HWY_INLINE V dot(const std::array<double, kCount>& coefficients, const V (&in)[kCount],
                 const Chosen& chosen) {
  V sum = hn::Zero(D());
  bool started = false;
  HWY_UNROLL(8)
  for (std::size_t j = 0; j < kCount; ++j)
    if (chosen(j)) add_term(coefficients[j], in[j], started, sum);
  return sum;
}

// A matrix of B or G times `in`: value i is given to to(i). Rows of a pair of points a, -a agree in some
// columns and have opposite signs in the others.
template <std::size_t kProducts, std::size_t kCount, class To>
HWY_INLINE void transform_points(const std::array<std::array<double, kCount>, kProducts>& rows,
                                 const V (&in)[kCount], const To& to) {
  constexpr std::size_t kLast = kProducts - 1, kFirstPair = kLast % 2;
  const auto all = [](std::size_t) { return true; };
  if (kFirstPair == 1) to(0, dot(rows[0], in, all));
  HWY_UNROLL(4)
  for (std::size_t i = kFirstPair; i < kLast; i += 2) {
    const auto same = [&](std::size_t j) { return rows[i][j] == rows[i + 1][j]; };
    const auto opposite = [&](std::size_t j) { return rows[i][j] != rows[i + 1][j]; };
    const V a = dot(rows[i], in, same), b = dot(rows[i], in, opposite);
    to(i, hn::Add(a, b));
    to(i + 1, hn::Sub(a, b));
  }
  to(kLast, dot(rows[kLast], in, all));
}

// B of one part, for `lanes` tiles: product i is stored at to(i).
template <int kStride, int kTaps, class To>
HWY_INLINE void transform_source(const FastPart<kTaps>& part, const float* phases, std::size_t step,
                                 const To& to) {
  using Filter = FastFilter<kTaps>;
  constexpr int kPhases = kFastOutputs * kStride;
  const D d;
  V in[Filter::kProducts];
  HWY_UNROLL(8)
  for (int j = 0; j < Filter::kProducts; ++j) {
    const int column = part.offset + kStride * j;
    in[j] = hn::LoadU(d, phases + static_cast<std::size_t>(column % kPhases) * step + column / kPhases);
  }
  transform_points(part.filter.source, in,
                   [&](std::size_t i, V v) { hn::StoreU(v, d, to(static_cast<int>(i))); });
}

// A: four columns of two rows of the convolution. sum_of(i, V (&)[2]) gives sum i of both.
template <int kStride, class SumOf>
HWY_INLINE void transform_sums(const SumOf& sum_of, V (&to)[2][kFastOutputs]) {
  using Filter = std::remove_cvref_t<decltype(FastParts<kStride>::first.filter)>;
  constexpr auto& a = FastParts<kStride>::first.filter.output;
  bool started[2][kFastOutputs] = {};
  const auto add_point = [&](int i, const V(&even)[2], const V(&odd)[2]) {
    HWY_UNROLL(2)
    for (int r = 0; r < 2; ++r) HWY_UNROLL(4)
    for (int j = 0; j < kFastOutputs; ++j)
      add_term(a[j][i], j % 2 == 0 ? even[r] : odd[r], started[r][j], to[r][j]);
  };
  V x[2], y[2];
  sum_of(0, x);
  add_point(0, x, x);
  HWY_UNROLL(4)
  for (int i = Filter::kFirstPair; i < Filter::kLast; i += 2) {
    sum_of(i, x);
    sum_of(i + 1, y);
    const V sum[2] = {hn::Add(x[0], y[0]), hn::Add(x[1], y[1])};
    const V difference[2] = {hn::Sub(x[0], y[0]), hn::Sub(x[1], y[1])};
    add_point(i, sum, difference);
  }
  sum_of(Filter::kLast, x);
  add_point(Filter::kLast, x, x);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
