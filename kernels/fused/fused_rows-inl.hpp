// For two rows of the convolution and two vectors of columns, all products of a block of output channels are
// summed in registers: (block x 2 x 2) accumulators, each source vector used for all of them, each weight for
// two vectors. Then rows and neighbouring columns are pooled without leaving the registers.
//
// Stride 2 reads the columns x, x + 2, ...: rows are deinterleaved first, so that these are neighbours.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FUSED_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_ROWS_INL
#undef DOWNSCALEXR_FUSED_ROWS_INL
#else
#define DOWNSCALEXR_FUSED_ROWS_INL
#endif

#include "kernels/fused/fused_block_simd.hpp"
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// The place of column `x + kw` of a source row, for convolution column x.
template <int kStride>
HWY_INLINE std::size_t row_column(const FusedBlockArgs& a, int x, int kw) {
  if (kStride == 1) return static_cast<std::size_t>(x + kw);
  const int half = (a.width + 1) / 2;
  return static_cast<std::size_t>(kw % 2 == 0 ? x + kw / 2 : half + x + kw / 2);
}

// Both rows' sums for convolution columns x ... x + 2 * lanes, bias included.
template <int kBlock, int kStride>
HWY_INLINE void sum_products(const FusedBlockArgs& a, const float* weights, const float* bias, int row, int x,
                             V (&sum)[kBlock][2][2]) {
  const D d;
  HWY_UNROLL(8)  // more than any block: all of it
  for (int o = 0; o < kBlock; ++o) {
    const V b = hn::Set(d, bias[o]);
    sum[o][0][0] = sum[o][0][1] = sum[o][1][0] = sum[o][1][1] = b;
  }
  const int k = a.kernel;
  for (int c = 0; c < a.in_channels; ++c) {
    const float* first = a.src + (static_cast<std::size_t>(c) * a.height +
                                  static_cast<std::size_t>(row * kStride - a.first_row)) *
                                     a.width;
    const float* channel_weights = weights + static_cast<std::size_t>(c) * k * k * kBlock;
    // Source row r meets kernel row r for the upper output row and r - stride for the lower one.
    for (int r = 0; r < k + kStride; ++r) {
      const float* source = first + static_cast<std::size_t>(r) * a.width;
      const bool upper = r < k, lower = r >= kStride;
      const float* w0 = channel_weights + static_cast<std::size_t>(r) * k * kBlock;
      const float* w1 = channel_weights + static_cast<std::size_t>(r - (lower ? kStride : 0)) * k * kBlock;
      for (int kw = 0; kw < k; ++kw, w0 += kBlock, w1 += kBlock) {
        const float* at = source + row_column<kStride>(a, x, kw);
        const V s0 = hn::LoadU(d, at), s1 = hn::LoadU(d, at + kLanes);
        if (upper) {
          HWY_UNROLL(8)
          for (int o = 0; o < kBlock; ++o) {
            const V w = hn::Set(d, w0[o]);
            sum[o][0][0] = hn::MulAdd(w, s0, sum[o][0][0]);
            sum[o][0][1] = hn::MulAdd(w, s1, sum[o][0][1]);
          }
        }
        if (lower) {
          HWY_UNROLL(8)
          for (int o = 0; o < kBlock; ++o) {
            const V w = hn::Set(d, w1[o]);
            sum[o][1][0] = hn::MulAdd(w, s0, sum[o][1][0]);
            sum[o][1][1] = hn::MulAdd(w, s1, sum[o][1][1]);
          }
        }
      }
    }
  }
}

template <int kBlock, int kStride, class Policy>
HWY_INLINE void tile(const FusedBlockArgs& a, const float* weights, int first_channel, int row, int x) {
  const D d;
  V sum[kBlock][2][2];
  sum_products<kBlock, kStride>(a, weights, a.bias + first_channel, row, x, sum);
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    if (first_channel + o >= a.out_channels) break;
    const std::size_t plane = static_cast<std::size_t>(first_channel + o) * a.dst_height;
    if constexpr (Policy::kWindow == 1) {
      for (int r = 0; r < 2; ++r) {
        float* to = a.dst + (plane + row + r) * a.dst_width + x;
        hn::StoreU(hn::Max(sum[o][r][0], hn::Zero(d)), d, to);
        hn::StoreU(hn::Max(sum[o][r][1], hn::Zero(d)), d, to + kLanes);
      }
    } else {
      hn::StoreU(pool<Policy>(sum[o]), d, a.dst + (plane + row / 2) * a.dst_width + x / 2);
    }
  }
}

template <int kBlock, int kStride, class Policy>
void run_block(const FusedBlockArgs& a, int begin, int end) {
  const int columns = Policy::kWindow == 1 ? a.conv_width : a.conv_width / 2 * 2;
  const std::size_t block_weights = static_cast<std::size_t>(a.in_channels) * a.kernel * a.kernel * kBlock;
  // Two rows at a time; without pooling an odd last row is computed with the one before it, twice.
  const int step = Policy::kWindow == 1 ? 2 : 1;
  for (int at = begin; at < end; at += step) {
    const int row = Policy::kWindow == 1 ? (at + 2 > a.dst_height ? a.dst_height - 2 : at) : 2 * at;
    const float* weights = a.weights;
    for (int o = 0; o < a.out_channels; o += kBlock, weights += block_weights) {
      for (int x = 0; x + 2 * kLanes <= columns; x += 2 * kLanes)
        tile<kBlock, kStride, Policy>(a, weights, o, row, x);
      // The last columns, some of them for the second time: reading stays inside the row.
      if (columns % (2 * kLanes) != 0)
        tile<kBlock, kStride, Policy>(a, weights, o, row, columns - 2 * kLanes);
    }
  }
}

template <class Policy, int kBlock>
void run_channels(const FusedBlockArgs& a, int begin, int end) {
  if constexpr (Policy::kWindow == 1) {  // no operator pools behind another stride
    if (a.stride == 2) return run_block<kBlock, 2, Policy>(a, begin, end);
  }
  run_block<kBlock, 1, Policy>(a, begin, end);
}

template <class Policy>
void run_rows(const FusedBlockArgs& a, int begin, int end) {
  if (channels_together(a.out_channels) == kWideBlock) return run_channels<Policy, kWideBlock>(a, begin, end);
  run_channels<Policy, kNarrowBlock>(a, begin, end);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
