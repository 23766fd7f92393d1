// Rows of a 5x5 correlation of stride 1 by fast filters (fast_filter.hpp) with lanes along the row, as
// training needs them: the convolution of the forward pass, and the gradient of the source, which is the same
// thing with the channels exchanged and the kernel turned around. For two output channels of a row:
//   1. For each of the 8 sums and up to 5 vectors of tiles, in registers:
//      sum[channel][tile] = over kh, c of source[kh][c][tile] * weights[kh][c][channel]: 8 products for 20.
//   2. The 4 columns of each tile from its 8 sums, put in the row's order.
// The source's rows are transformed already (fast_ring-inl.hpp): [products, C][tiles].
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FAST_PLANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_PLANES_INL
#undef DOWNSCALEXR_FAST_PLANES_INL
#else
#define DOWNSCALEXR_FAST_PLANES_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_ring-inl.hpp"
#include "kernels/fused/fast_train_simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Vectors of tiles together: with two channels 10 sums, two weights and a source value, of 16 registers.
constexpr int kPlaneVectors = 5;
constexpr std::size_t kPlaneSumStep = static_cast<std::size_t>(kFastTogether) * kPlaneVectors * kLanes;
constexpr std::size_t kPlaneSums = FastParts<1>::kSums * kPlaneSumStep;  // floats of scratch

inline std::size_t whole_vectors(int tiles) {
  return static_cast<std::size_t>((tiles + kLanes - 1) / kLanes * kLanes);
}
inline int tiles_of(int columns) { return (columns + kFastOutputs - 1) / kFastOutputs; }

// Step 1 for one sum: rows[kh] is the first of its `channels` planes, at the first tile. weights: [5, C, 2];
// `bias` of both channels, or null. to: [2][kPlaneVectors][lanes].
template <int kVectors>
HWY_NOINLINE void plane_products(const float* const (&rows)[kFastKernel], std::size_t channels,
                                 std::size_t plane, const float* weights, const float* bias, float* to) {
  const D d;
  V sum[kFastTogether][kVectors];
  HWY_UNROLL(2)
  for (int o = 0; o < kFastTogether; ++o) {
    const V start = bias == nullptr ? hn::Zero(d) : hn::Set(d, bias[o]);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[o][v] = start;
  }
  for (const float* row : rows) {
    HWY_UNROLL(1)
    for (std::size_t c = 0; c < channels; ++c, row += plane, weights += kFastTogether) {
      const V first = hn::Set(d, weights[0]), second = hn::Set(d, weights[1]);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        const V x = in_register(hn::LoadU(d, row + static_cast<std::size_t>(v) * kLanes));
        sum[0][v] = hn::MulAdd(first, x, sum[0][v]);
        sum[1][v] = hn::MulAdd(second, x, sum[1][v]);
      }
    }
  }
  HWY_UNROLL(2)
  for (int o = 0; o < kFastTogether; ++o) HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v)
    hn::StoreU(sum[o][v], d, to + static_cast<std::size_t>(o * kPlaneVectors + v) * kLanes);
}

// What the rows of a pass share: `channels` planes of `plane` floats for each product, two channels of the
// result, whose weights are pack_fast_weights()'s: [8, 5, C, 2].
struct PlaneRows {
  std::size_t channels, plane;
  float* sums;  // kPlaneSums floats

  template <int kVectors>
  HWY_INLINE void group(const float* const* rows, std::size_t tile, const float* weights, const float* bias,
                        float* const (&to)[kFastTogether]) const {
    const D d;
    const std::size_t product = channels * plane;
    for (std::size_t s = 0; s < FastParts<1>::kSums; ++s) {
      const float* at[kFastKernel];
      for (int kh = 0; kh < kFastKernel; ++kh) at[kh] = rows[kh] + s * product + tile;
      // The bias once, where A's column is all ones: the point 1.
      plane_products<kVectors>(at, channels, plane, weights + s * kFastKernel * channels * kFastTogether,
                               s == 1 ? bias : nullptr, sums + s * kPlaneSumStep);
    }
    for (std::size_t v = 0; v < kVectors; ++v) {
      V y[kFastTogether][kFastOutputs];
      const auto sum_of = [&](int i, V(&sum)[kFastTogether]) {
        for (std::size_t o = 0; o < kFastTogether; ++o)
          sum[o] = hn::LoadU(
              d, sums + static_cast<std::size_t>(i) * kPlaneSumStep + (o * kPlaneVectors + v) * kLanes);
      };
      transform_sums<1>(sum_of, y);
      for (int o = 0; o < kFastTogether; ++o)
        hn::StoreInterleaved4(y[o][0], y[o][1], y[o][2], y[o][3], d,
                              to[o] + (tile + v * kLanes) * kFastOutputs);
    }
  }

  // A row of both channels: 4 `plane` columns each, of which those behind the row's end say nothing.
  // rows: the kernel's five of the source.
  void row(const float* const* rows, const float* weights, const float* bias,
           float* const (&to)[kFastTogether]) const {
    constexpr std::size_t kGroup = static_cast<std::size_t>(kPlaneVectors) * kLanes;
    std::size_t tile = 0;
    for (; tile + kGroup <= plane; tile += kGroup) group<kPlaneVectors>(rows, tile, weights, bias, to);
    switch ((plane - tile) / kLanes) {
      case 4:
        return group<4>(rows, tile, weights, bias, to);
      case 3:
        return group<3>(rows, tile, weights, bias, to);
      case 2:
        return group<2>(rows, tile, weights, bias, to);
      case 1:
        return group<1>(rows, tile, weights, bias, to);
      default:
        return;
    }
  }
};

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
