// The arithmetic for blocks with many output channels: lanes are channels, so that no column of the image is
// computed twice and pooling needs no shuffle. For two rows of the convolution and a dozen columns, one
// vector of output channels each: every source pixel is broadcast once and used for all kernel columns, whose
// weights stay in registers. That leaves a third of a load for each multiplication, so the multipliers are
// the limit.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FUSED_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_CHANNELS_INL
#undef DOWNSCALEXR_FUSED_CHANNELS_INL
#else
#define DOWNSCALEXR_FUSED_CHANNELS_INL
#endif

#include <algorithm>

#include "kernels/fused/fused_block_simd.hpp"
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// One row of source times the weights of one kernel row, into one row of sums.
template <int kKernel, int kStride, int kColumns>
HWY_INLINE void add_channels_row(const float* HWY_RESTRICT src, const V (&weights)[kKernel],
                                 V (&sum)[kColumns]) {
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

template <class Policy, int kColumns>
HWY_INLINE void store(const FusedBlockArgs& a, const V (&upper)[kColumns], const V (&lower)[kColumns],
                      float* dst) {
  const D d;
  [[maybe_unused]] const V zero = hn::Zero(d);
  const std::size_t pixel = static_cast<std::size_t>(a.out_channels);
  HWY_UNROLL(16)
  for (int x = 0; x < kColumns; x += Policy::kWindow) {
    if constexpr (Policy::kWindow == 1) {
      hn::StoreU(hn::Max(upper[x], zero), d, dst + x * pixel);
      hn::StoreU(hn::Max(lower[x], zero), d, dst + (x + static_cast<std::size_t>(a.dst_width)) * pixel);
    } else {
      const V left = Policy::pool_rows(upper[x], lower[x]);
      const V right = Policy::pool_rows(upper[x + 1], lower[x + 1]);
      hn::StoreU(Policy::pool_columns(left, right), d, dst + x / 2 * pixel);
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

template <int kKernel, int kStride, class Policy, int kColumns>
HWY_NOINLINE void channels_tile(const FusedBlockArgs& a, const float* weights, const float* bias, int channel,
                                int row, int x, const char* ahead, int ahead_lines) {
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
      add_channels_row<kKernel, kStride, kColumns>(at, w, upper);
      add_channels_row<kKernel, kStride, kColumns>(at + kStride * a.width, w, lower);
    }
  }
  if constexpr (Policy::kWindow == 1) {
    if (a.dst_nchw) {
      const std::size_t width = static_cast<std::size_t>(a.dst_width), plane = a.dst_height * width;
      float* dst =
          a.dst + static_cast<std::size_t>(channel) * plane + static_cast<std::size_t>(row) * width + x;
      store_planes(upper, dst, plane);
      store_planes(lower, dst + width, plane);
      return;
    }
  }
  constexpr int down = Policy::kWindow;
  store<Policy, kColumns>(
      a, upper, lower,
      a.dst + (static_cast<std::size_t>(row / down) * a.dst_width + x / down) * a.out_channels + channel);
}

template <int kKernel, int kStride, class Policy, int kColumns>
void run_tiles(const FusedBlockArgs& a, int begin, int end) {
  const int columns = Policy::kWindow == 1 ? a.conv_width : a.conv_width / 2 * 2;
  const std::size_t block = static_cast<std::size_t>(a.in_channels) * kKernel * kKernel * kLanes;
  // Two rows at a time; without pooling an odd last row is computed with the one before it, twice.
  const int step = Policy::kWindow == 1 ? 2 : 1;
  const Ahead ahead(a, (end - begin + step - 1) / step * ((columns + kColumns - 1) / kColumns) *
                           ((a.out_channels + kLanes - 1) / kLanes));
  std::size_t tiles = 0;
  for (int at = begin; at < end; at += step) {
    const int row = Policy::kWindow == 1 ? std::min(at, a.dst_height - 2) : 2 * at;
    for (int o = 0; o < a.out_channels; o += kLanes) {
      // The last columns, some of them for the second time: reading stays inside the row.
      for (int x = 0; x < columns; x += kColumns)
        channels_tile<kKernel, kStride, Policy, kColumns>(a, a.weights + o / kLanes * block, a.bias + o, o,
                                                          row, std::min(x, columns - kColumns),
                                                          ahead.at(tiles++), ahead.lines);
    }
  }
}

// The width of tile that computes the fewest columns twice.
template <int kKernel, int kStride, class Policy>
void choose_width(const FusedBlockArgs& a, int begin, int end) {
  if (!kManyRegisters) return run_tiles<kKernel, kStride, Policy, 4>(a, begin, end);
  const auto computed = [&](int width) { return (a.conv_width + width - 1) / width * width; };
  if (Policy::kWindow == 1) {
    if (computed(11) < computed(12)) return run_tiles<kKernel, kStride, Policy, 11>(a, begin, end);
  } else if (computed(10) < computed(12)) {
    return run_tiles<kKernel, kStride, Policy, 10>(a, begin, end);
  }
  run_tiles<kKernel, kStride, Policy, 12>(a, begin, end);
}

template <class Policy, int kKernel>
void run_kernel(const FusedBlockArgs& a, int begin, int end) {
  if constexpr (Policy::kWindow == 1) {  // no operator pools behind another stride
    if (a.stride == 2) return choose_width<kKernel, 2, Policy>(a, begin, end);
  }
  choose_width<kKernel, 1, Policy>(a, begin, end);
}

template <class Policy>
void run_channels_rows(const FusedBlockArgs& a, int begin, int end) {
  if (a.kernel == 5) return run_kernel<Policy, 5>(a, begin, end);
  run_kernel<Policy, 3>(a, begin, end);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
