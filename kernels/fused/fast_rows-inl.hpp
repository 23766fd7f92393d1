// The arithmetic of blocks with few channels by fast filters along the row (fast_filter.hpp: formulas and
// sources). For an image [C, H, W], kernel 5x5, stride 1, two rows of the convolution at a time:
//   1. Each source row is transformed once, into a ring (fast_ring-inl.hpp), in tiles of 4 columns.
//   2. For a vector of tiles and one output channel, sum after sum, both rows:
//      sum[row] = over c, kh of source[row + kh][c][tiles] * weights[c][kh]: 8 products for 4 columns instead
//      of 20.
//   3. Sums go straight into the four columns of both rows, which stay in registers; then the operator pools
//      two rows and neighbouring columns, which lie in different registers. dst is [OC, DH, DW].
// For 1 -> 6 channels of 320x320 each sum has only 5 products, so that the two transforms are half of the
// arithmetic. A pair of rows that reads a value beyond kFastLimit is left to the direct kernel, and has its
// result bit by bit.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FAST_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_ROWS_INL
#undef DOWNSCALEXR_FAST_ROWS_INL
#else
#define DOWNSCALEXR_FAST_ROWS_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_ring-inl.hpp"
#include "kernels/fused/fused_rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Values of one row of dst for `lanes` tiles, from v[0] (each tile's first column) on, to `to`: `left` of
// them.
template <int kColumns>
HWY_INLINE void store_columns(const V (&v)[kColumns], float* to, int left) {
  const D d;
  HWY_ALIGN float all[kColumns * kLanes];
  float* const at = left < kColumns * kLanes ? all : to;
  if constexpr (kColumns == 2) {
    hn::StoreInterleaved2(v[0], v[1], d, at);
  } else {
    hn::StoreInterleaved4(v[0], v[1], v[2], v[3], d, at);
  }
  if (at == all) std::copy_n(all, left, to);
}

using FastRowsRing = FastRing<1, true>;

// Rows `row` and row + 1 of the convolution for output channel o and the vector of tiles from `tile` on.
// kChannels: the source's, or 0 for any number. rows: the ring's, at `tile`; weights: the channel's.
template <class Policy, int kChannels>
HWY_INLINE void fast_rows_tile(const FusedBlockArgs& b, const float* const* rows, const float* weights,
                               int row, int o, int tile) {
  const D d;
  const std::size_t channels = kChannels != 0 ? kChannels : static_cast<std::size_t>(b.in_channels);
  const auto sum_of = [&](int i, V(&sum)[2]) {
    const std::size_t first = static_cast<std::size_t>(i) * channels;
    sum[0] = sum[1] = i == 1 ? hn::Set(d, b.bias[o]) : hn::Zero(d);  // A's column of the point 1 is all ones
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t at = (first + c) * kLanes;
      const float* const w = weights + first * kFastKernel + c;
      V upper = hn::LoadU(d, rows[0] + at);
      HWY_UNROLL(8)
      for (int kh = 0; kh < kFastKernel; ++kh) {
        const V lower = in_register(hn::LoadU(d, rows[kh + 1] + at)), x = hn::Set(d, w[kh * channels]);
        sum[0] = hn::MulAdd(x, upper, sum[0]);
        sum[1] = hn::MulAdd(x, lower, sum[1]);
        upper = lower;
      }
    }
  };
  V y[2][kFastOutputs];
  transform_sums<1>(sum_of, y);
  constexpr int kDown = Policy::kWindow, kColumns = kFastOutputs / kDown;
  const int x = tile * kColumns, left = std::min(b.dst_width - x, kColumns * kLanes);
  float* const to =
      b.dst +
      (static_cast<std::size_t>(o) * b.dst_height + static_cast<std::size_t>(row / kDown)) * b.dst_width + x;
  if constexpr (kDown == 1) {
    for (int r = 0; r < 2; ++r) {
      for (auto& v : y[r]) v = hn::Max(v, hn::Zero(d));
      store_columns(y[r], to + static_cast<std::size_t>(r) * b.dst_width, left);
    }
  } else {
    V pooled[kColumns];
    HWY_UNROLL(4)
    for (int j = 0; j < kColumns; ++j) {
      pooled[j] = Policy::pool_columns(Policy::pool_rows(y[0][2 * j], y[1][2 * j]),
                                       Policy::pool_rows(y[0][2 * j + 1], y[1][2 * j + 1]));
    }
    store_columns(pooled, to, left);
  }
}

template <class Policy>
void run_fast_row_lanes(const FastBlockArgs& a, int begin, int end) {
  const FusedBlockArgs& b = a.direct;
  if (a.weights == nullptr) return run_rows<Policy>(b, begin, end);
  FastRowsRing ring(b, a.scratch);
  const std::size_t weights_step =
      static_cast<std::size_t>(FastRowsRing::kPlanes) * ring.channels() * kFastKernel;
  const auto fast = [&](const float* const* rows, int row) {
    for (int tile = 0; tile < ring.tiles(); tile += kLanes) {
      const float* at[FastRowsRing::kRows];
      for (int r = 0; r < FastRowsRing::kRows; ++r)
        at[r] = rows[r] + ring.tile_at(static_cast<std::size_t>(tile));
      const float* weights = a.weights;
      for (int o = 0; o < b.out_channels; ++o, weights += weights_step) {
        if (b.in_channels == 1) {
          fast_rows_tile<Policy, 1>(b, at, weights, row, o, tile);
        } else {
          fast_rows_tile<Policy, 0>(b, at, weights, row, o, tile);
        }
      }
    }
  };
  const auto direct = [&](int first, int last) { run_rows<Policy>(b, first, last); };
  run_fast_rows<Policy>(b, ring, begin, end, fast, direct);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
