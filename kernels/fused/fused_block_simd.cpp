// For two rows of the convolution and two vectors of columns, all products of a block of output channels are
// summed in registers: (block x 2 x 2) accumulators, each source vector used for all of them, each weight for
// two vectors. Then rows and neighbouring columns are pooled without leaving the registers.
//
// Stride 2 reads the columns x, x + 2, ...: rows are deinterleaved first, so that these are neighbours.
#include "kernels/fused/fused_block_simd.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_block_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr int kLanes = 0;  // vectors of unknown length cannot be kept in arrays
int channels_together(int) { return 1; }
void run_rows(const FusedBlockArgs&, int, int) {}
#else

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
// 32 registers hold 24 accumulators, 2 sources, a weight; 16 hold 12.
constexpr bool kManyRegisters = kLanes >= 16;

int channels_together(int out_channels) {
  if (kManyRegisters) return out_channels % 6 == 0 ? 6 : 4;
  return out_channels % 3 == 0 ? 3 : 2;
}

// The place of column `x + kw` of a source row, for convolution column x.
template <int kStride>
HWY_INLINE std::size_t column(const FusedBlockArgs& a, int x, int kw) {
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
        const float* at = source + column<kStride>(a, x, kw);
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

// 0: none, 1: average, 2: maximum (FusedPool). ReLU after the maximum gives what ReLU before it gives.
template <int kPool>
HWY_INLINE V pooled(const V (&rows)[2][2]) {
  const D d;
  const V zero = hn::Zero(d);
  V left, right;
  if (kPool == 2) {
    left = hn::Max(rows[0][0], rows[1][0]);
    right = hn::Max(rows[0][1], rows[1][1]);
    return hn::Max(hn::Max(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left)), zero);
  }
  left = hn::Add(hn::Max(rows[0][0], zero), hn::Max(rows[1][0], zero));
  right = hn::Add(hn::Max(rows[0][1], zero), hn::Max(rows[1][1], zero));
  return hn::Mul(hn::Add(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left)), hn::Set(d, 0.25F));
}

template <int kBlock, int kStride, int kPool>
HWY_INLINE void tile(const FusedBlockArgs& a, const float* weights, int first_channel, int row, int x) {
  const D d;
  V sum[kBlock][2][2];
  sum_products<kBlock, kStride>(a, weights, a.bias + first_channel, row, x, sum);
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    if (first_channel + o >= a.out_channels) break;
    const std::size_t plane = static_cast<std::size_t>(first_channel + o) * a.dst_height;
    if (kPool == 0) {
      for (int r = 0; r < 2; ++r) {
        float* to = a.dst + (plane + row + r) * a.dst_width + x;
        hn::StoreU(hn::Max(sum[o][r][0], hn::Zero(d)), d, to);
        hn::StoreU(hn::Max(sum[o][r][1], hn::Zero(d)), d, to + kLanes);
      }
    } else {
      hn::StoreU(pooled<kPool>(sum[o]), d, a.dst + (plane + row / 2) * a.dst_width + x / 2);
    }
  }
}

template <int kBlock, int kStride, int kPool>
void run_block(const FusedBlockArgs& a, int begin, int end) {
  const int columns = kPool == 0 ? a.conv_width : a.conv_width / 2 * 2;
  const std::size_t block_weights = static_cast<std::size_t>(a.in_channels) * a.kernel * a.kernel * kBlock;
  // Two rows at a time; without pooling an odd last row is computed with the one before it, twice.
  const int step = kPool == 0 ? 2 : 1;
  for (int at = begin; at < end; at += step) {
    const int row = kPool == 0 ? (at + 2 > a.dst_height ? a.dst_height - 2 : at) : 2 * at;
    const float* weights = a.weights;
    for (int o = 0; o < a.out_channels; o += kBlock, weights += block_weights) {
      for (int x = 0; x + 2 * kLanes <= columns; x += 2 * kLanes)
        tile<kBlock, kStride, kPool>(a, weights, o, row, x);
      // The last columns, some of them for the second time: reading stays inside the row.
      if (columns % (2 * kLanes) != 0) tile<kBlock, kStride, kPool>(a, weights, o, row, columns - 2 * kLanes);
    }
  }
}

template <int kBlock>
void run_channels(const FusedBlockArgs& a, int begin, int end) {
  if (a.stride == 2) return run_block<kBlock, 2, 0>(a, begin, end);
  if (a.pool == 1) return run_block<kBlock, 1, 1>(a, begin, end);
  if (a.pool == 2) return run_block<kBlock, 1, 2>(a, begin, end);
  run_block<kBlock, 1, 0>(a, begin, end);
}

void run_rows(const FusedBlockArgs& a, int begin, int end) {
  const bool wide = channels_together(a.out_channels) == (kManyRegisters ? 6 : 3);
  if (wide) return run_channels < kManyRegisters ? 6 : 3 > (a, begin, end);
  run_channels<kManyRegisters ? 4 : 2>(a, begin, end);
}
#endif

void deinterleave(const float* from, float* to, int width, std::size_t count) {
  const int half = (width + 1) / 2;
  for (std::size_t row = 0; row < count; ++row, from += width, to += width) {
    int x = 0;
#if !HWY_HAVE_SCALABLE && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
    const D d;
    for (; 2 * x + 2 * kLanes <= width; x += kLanes) {
      const V a = hn::LoadU(d, from + 2 * x), b = hn::LoadU(d, from + 2 * x + kLanes);
      hn::StoreU(hn::ConcatEven(d, b, a), d, to + x);
      hn::StoreU(hn::ConcatOdd(d, b, a), d, to + half + x);
    }
#endif
    for (; 2 * x < width; ++x) {
      to[x] = from[2 * x];
      if (2 * x + 1 < width) to[half + x] = from[2 * x + 1];
    }
  }
}

int lanes() { return kLanes; }
const char* target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(run_rows);
HWY_EXPORT(channels_together);
HWY_EXPORT(deinterleave);
HWY_EXPORT(lanes);
HWY_EXPORT(target);

int fused_block_channels(int out_channels) { return HWY_DYNAMIC_DISPATCH(channels_together)(out_channels); }
int fused_block_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }
const char* fused_block_target() { return HWY_DYNAMIC_DISPATCH(target)(); }
void fused_block_rows(const FusedBlockArgs& args, int begin, int end) {
  HWY_DYNAMIC_DISPATCH(run_rows)(args, begin, end);
}
void deinterleave_rows(const float* from, float* to, int width, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(deinterleave)(from, to, width, count);
}

void limit_fused_block_isa(bool avx512, bool avx2) {
#if HWY_ARCH_X86
  std::int64_t disabled = 0;
  if (!avx512) disabled |= HWY_AVX3 | HWY_AVX3_DL;
  if (!avx2) disabled |= HWY_AVX2;
  if (disabled != 0) hwy::DisableTargets(disabled);
#else
  (void)avx512;
  (void)avx2;
#endif
}

}  // namespace dsx::fused
#endif
