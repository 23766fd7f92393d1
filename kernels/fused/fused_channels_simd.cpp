// For two rows of the convolution and a dozen columns, one vector of output channels each: every source pixel
// is broadcast once and used for all kernel columns, whose weights stay in registers. That leaves a third of
// a load for each multiplication, so the multipliers are the limit.
#include "kernels/fused/fused_channels_simd.hpp"

#include <algorithm>

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_channels_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
int lanes() { return 0; }  // vectors of unknown length cannot be kept in arrays
void run_rows(const FusedBlockArgs&, int, int) {}
#else

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
constexpr bool kManyRegisters = kLanes >= 16;

int lanes() { return kLanes; }

// One row of source times the weights of one kernel row, into one row of sums.
template <int kKernel, int kStride, int kColumns>
HWY_INLINE void add_row(const float* HWY_RESTRICT src, const V (&weights)[kKernel], V (&sum)[kColumns]) {
  const D d;
  HWY_UNROLL(64)
  for (int p = 0; p < (kColumns - 1) * kStride + kKernel; ++p) {
    const V pixel = hn::Set(d, src[p]);
    HWY_UNROLL(8)
    for (int k = 0; k < kKernel; ++k) {
      const int at = p - k;
      if (at >= 0 && at % kStride == 0 && at / kStride < kColumns)
        sum[at / kStride] = hn::MulAdd(pixel, weights[k], sum[at / kStride]);
    }
  }
}

// The four rows of a 4x4 block of each quarter of the vectors, as columns: block b of to[j] holds lane 4 b +
// j of the four vectors.
HWY_INLINE void transpose_blocks(const V (&from)[4], V (&to)[4]) {
  const D d;
  const hn::Repartition<double, D> pairs;
  const auto as_pairs = [&](V v) { return hn::BitCast(pairs, v); };
  const auto low01 = as_pairs(hn::InterleaveLower(d, from[0], from[1]));
  const auto high01 = as_pairs(hn::InterleaveUpper(d, from[0], from[1]));
  const auto low23 = as_pairs(hn::InterleaveLower(d, from[2], from[3]));
  const auto high23 = as_pairs(hn::InterleaveUpper(d, from[2], from[3]));
  to[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
  to[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
  to[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
  to[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
}

// Block b of `v` to the row of channel 4 b.
template <class Tag, class Vector>
HWY_INLINE void store_blocks(Tag tag, Vector v, float* dst, std::size_t plane) {
  constexpr std::size_t kChannels = hn::MaxLanes(tag);
  if constexpr (kChannels == 4) {
    hn::StoreU(v, tag, dst);
  } else {
    const hn::Half<Tag> half;
    store_blocks(half, hn::LowerHalf(half, v), dst, plane);
    store_blocks(half, hn::UpperHalf(half, v), dst + kChannels / 2 * plane, plane);
  }
}

// A row of sums to a row of each channel's plane, ReLU included.
template <int kColumns>
HWY_INLINE void store_planes(const V (&sum)[kColumns], float* dst, std::size_t plane) {
  const V zero = hn::Zero(D());
  HWY_UNROLL(4)
  for (int at = 0; at < kColumns; at += 4) {
    const int x = std::min(at, kColumns - 4);  // the last columns, some of them for the second time
    const V pixels[4] = {hn::Max(sum[x], zero), hn::Max(sum[x + 1], zero), hn::Max(sum[x + 2], zero),
                         hn::Max(sum[x + 3], zero)};
    V channels[4];
    transpose_blocks(pixels, channels);
    HWY_UNROLL(4)
    for (int j = 0; j < 4; ++j) store_blocks(D(), channels[j], dst + x + j * plane, plane);
  }
}

// 0: none, 1: average, 2: maximum (FusedPool). ReLU after the maximum gives what ReLU before it gives.
template <int kPool, int kColumns>
HWY_INLINE void store(const FusedBlockArgs& a, const V (&upper)[kColumns], const V (&lower)[kColumns],
                      float* dst) {
  const D d;
  const V zero = hn::Zero(d);
  const std::size_t pixel = static_cast<std::size_t>(a.out_channels);
  HWY_UNROLL(16)
  for (int x = 0; x < kColumns; x += kPool == 0 ? 1 : 2) {
    if (kPool == 0) {
      hn::StoreU(hn::Max(upper[x], zero), d, dst + x * pixel);
      hn::StoreU(hn::Max(lower[x], zero), d, dst + (x + static_cast<std::size_t>(a.dst_width)) * pixel);
    } else if (kPool == 1) {
      const V left = hn::Add(hn::Max(upper[x], zero), hn::Max(lower[x], zero));
      const V right = hn::Add(hn::Max(upper[x + 1], zero), hn::Max(lower[x + 1], zero));
      hn::StoreU(hn::Mul(hn::Add(left, right), hn::Set(d, 0.25F)), d, dst + x / 2 * pixel);
    } else {
      const V left = hn::Max(upper[x], lower[x]), right = hn::Max(upper[x + 1], lower[x + 1]);
      hn::StoreU(hn::Max(hn::Max(left, right), zero), d, dst + x / 2 * pixel);
    }
  }
}

// What every tile of `tiles` fetches of args.ahead: `lines` cache lines for each source row that it reads.
struct Ahead {
  Ahead(const FusedBlockArgs& a, int tiles) : from(static_cast<const char*>(a.ahead.at)) {
    const std::size_t rows = static_cast<std::size_t>(a.in_channels) * a.kernel;
    lines = static_cast<int>(a.ahead.bytes / (kernels::kCacheLineBytes * rows * std::max(tiles, 1)));
    bytes = rows * lines * kernels::kCacheLineBytes;
  }
  const char* at(std::size_t tile) const { return from + tile * bytes; }
  const char* from;
  int lines = 0;
  std::size_t bytes = 0;
};

template <int kKernel, int kStride, int kPool, int kColumns>
HWY_NOINLINE void tile(const FusedBlockArgs& a, const float* weights, const float* bias, int channel, int row,
                       int x, const char* ahead, int ahead_lines) {
  const D d;
  V upper[kColumns], lower[kColumns];
  HWY_UNROLL(16)
  for (int i = 0; i < kColumns; ++i) upper[i] = lower[i] = hn::LoadU(d, bias);
  const float* src =
      a.src + (static_cast<std::size_t>(row) * a.width + static_cast<std::size_t>(x)) * kStride;
  for (int c = 0; c < a.in_channels; ++c, src += static_cast<std::size_t>(a.height) * a.width) {
    const float* at = src;
    for (int r = 0; r < kKernel; ++r, at += a.width, weights += kKernel * kLanes) {
      V w[kKernel];
      HWY_UNROLL(8)
      for (int k = 0; k < kKernel; ++k) w[k] = hn::LoadU(d, weights + k * kLanes);
      for (int line = 0; line < ahead_lines; ++line, ahead += kernels::kCacheLineBytes)
        __builtin_prefetch(ahead, 0, 2);
      add_row<kKernel, kStride, kColumns>(at, w, upper);
      add_row<kKernel, kStride, kColumns>(at + kStride * a.width, w, lower);
    }
  }
  if (kPool == 0 && a.dst_nchw) {
    const std::size_t width = static_cast<std::size_t>(a.dst_width), plane = a.dst_height * width;
    float* dst =
        a.dst + static_cast<std::size_t>(channel) * plane + static_cast<std::size_t>(row) * width + x;
    store_planes(upper, dst, plane);
    store_planes(lower, dst + width, plane);
    return;
  }
  const int down = kPool == 0 ? 1 : 2;
  store<kPool, kColumns>(
      a, upper, lower,
      a.dst + (static_cast<std::size_t>(row / down) * a.dst_width + x / down) * a.out_channels + channel);
}

template <int kKernel, int kStride, int kPool, int kColumns>
void run_tiles(const FusedBlockArgs& a, int begin, int end) {
  const int columns = kPool == 0 ? a.conv_width : a.conv_width / 2 * 2;
  const std::size_t block = static_cast<std::size_t>(a.in_channels) * kKernel * kKernel * kLanes;
  // Two rows at a time; without pooling an odd last row is computed with the one before it, twice.
  const int step = kPool == 0 ? 2 : 1;
  const Ahead ahead(a, (end - begin + step - 1) / step * ((columns + kColumns - 1) / kColumns) *
                           ((a.out_channels + kLanes - 1) / kLanes));
  std::size_t tiles = 0;
  for (int at = begin; at < end; at += step) {
    const int row = kPool == 0 ? std::min(at, a.dst_height - 2) : 2 * at;
    for (int o = 0; o < a.out_channels; o += kLanes) {
      // The last columns, some of them for the second time: reading stays inside the row.
      for (int x = 0; x < columns; x += kColumns)
        tile<kKernel, kStride, kPool, kColumns>(a, a.weights + o / kLanes * block, a.bias + o, o, row,
                                                std::min(x, columns - kColumns), ahead.at(tiles++),
                                                ahead.lines);
    }
  }
}

// The width of tile that computes the fewest columns twice.
template <int kKernel, int kStride, int kPool>
void choose_width(const FusedBlockArgs& a, int begin, int end) {
  if (!kManyRegisters) return run_tiles<kKernel, kStride, kPool, 4>(a, begin, end);
  const auto computed = [&](int width) { return (a.conv_width + width - 1) / width * width; };
  if (kPool == 0) {
    if (computed(11) < computed(12)) return run_tiles<kKernel, kStride, kPool, 11>(a, begin, end);
  } else if (computed(10) < computed(12)) {
    return run_tiles<kKernel, kStride, kPool, 10>(a, begin, end);
  }
  run_tiles<kKernel, kStride, kPool, 12>(a, begin, end);
}

template <int kKernel>
void run_kernel(const FusedBlockArgs& a, int begin, int end) {
  if (a.stride == 2) return choose_width<kKernel, 2, 0>(a, begin, end);
  if (a.pool == 1) return choose_width<kKernel, 1, 1>(a, begin, end);
  if (a.pool == 2) return choose_width<kKernel, 1, 2>(a, begin, end);
  choose_width<kKernel, 1, 0>(a, begin, end);
}

void run_rows(const FusedBlockArgs& a, int begin, int end) {
  if (a.kernel == 5) return run_kernel<5>(a, begin, end);
  run_kernel<3>(a, begin, end);
}
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {
namespace {
HWY_EXPORT(run_rows);
HWY_EXPORT(lanes);
}  // namespace

int fused_channels_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }
bool fused_channels_fit(int out_channels, int kernel) {
  const int lanes = fused_channels_lanes();
  return lanes >= 8 && out_channels % lanes == 0 && (kernel == 3 || kernel == 5);
}
void fused_channels_rows(const FusedBlockArgs& args, int begin, int end) {
  HWY_DYNAMIC_DISPATCH(run_rows)(args, begin, end);
}

}  // namespace dsx::fused
#endif
