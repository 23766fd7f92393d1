// Forward of a block for training: fused_block_simd.cpp's convolution, ReLU and pooling in registers, which
// also keeps one bit for each value of the convolution (train_mask_tiles()), a thirty-second of what storing
// the values costs.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/fused/fused_train_simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_train_forward_simd.cpp"
#include <hwy/foreach_target.h>
// After it: the sums are compiled once per target.
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_FIXED_VECTORS
void forward_image(const TrainForwardArgs&) {}
int channels_together(int) { return 1; }
#else

int channels_together(int channels) {
  if (kManyRegisters) return channels % 6 == 0 ? 6 : 4;
  return channels % 3 == 0 ? 3 : 2;
}

// Bit l of the result: lane l of `low`; then the lanes of `high`.
HWY_INLINE std::uint32_t bits_of(hn::Mask<D> low, hn::Mask<D> high) {
  const D d;
  std::uint8_t bytes[2][8];
  hn::StoreMaskBits(d, low, bytes[0]);
  hn::StoreMaskBits(d, high, bytes[1]);
  MaskWord l, h;
  std::memcpy(&l, bytes[0], sizeof l);
  std::memcpy(&h, bytes[1], sizeof h);
  return l | static_cast<std::uint32_t>(h) << kLanes;
}

struct TileMask {
  std::uint32_t upper, lower;  // rows
};

// Of the bits set in a window of two rows and two columns, the first in the order of rows, as PyTorch and
// oneDNN choose among equal maxima.
HWY_INLINE TileMask first_of_window(std::uint32_t upper, std::uint32_t lower) {
  constexpr std::uint32_t kEven = 0x55555555U;
  const std::uint32_t first = upper & kEven, second = upper >> 1 & kEven & ~first, taken = first | second;
  const std::uint32_t third = lower & kEven & ~taken, fourth = lower >> 1 & kEven & ~(taken | third);
  return {first | second << 1, third | fourth << 1};
}

HWY_INLINE hn::Mask<D> is_maximum(V value, V maximum) {
  return hn::And(hn::Eq(value, maximum), hn::Gt(maximum, hn::Zero(D())));
}

// `pooled` holds a value for each window of the tile, zero where ReLU let nothing pass.
HWY_INLINE TileMask mask_of_maxima(const V (&rows)[2][2], V pooled) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const auto pair = hn::ShiftRight<1>(hn::Iota(du, 0));
  const V left = hn::TableLookupLanes(pooled, hn::IndicesFromVec(d, pair));
  const V right = hn::TableLookupLanes(pooled, hn::IndicesFromVec(d, hn::Add(pair, hn::Set(du, kLanes / 2))));
  return first_of_window(bits_of(is_maximum(rows[0][0], left), is_maximum(rows[0][1], right)),
                         bits_of(is_maximum(rows[1][0], left), is_maximum(rows[1][1], right)));
}

HWY_INLINE TileMask mask_of_positive(const V (&rows)[2][2]) {
  const V zero = hn::Zero(D());
  return {bits_of(hn::Gt(rows[0][0], zero), hn::Gt(rows[0][1], zero)),
          bits_of(hn::Gt(rows[1][0], zero), hn::Gt(rows[1][1], zero))};
}

// kMax: maximum, ReLU after it; otherwise ReLU, then the average.
template <bool kMax>
HWY_INLINE V pool(const V (&rows)[2][2]) {
  const D d;
  const V zero = hn::Zero(d);
  if (kMax) {
    const V left = hn::Max(rows[0][0], rows[1][0]), right = hn::Max(rows[0][1], rows[1][1]);
    return hn::Max(hn::Max(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left)), zero);
  }
  const V left = hn::Add(hn::Max(rows[0][0], zero), hn::Max(rows[1][0], zero));
  const V right = hn::Add(hn::Max(rows[0][1], zero), hn::Max(rows[1][1], zero));
  return hn::Mul(hn::Add(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left)), hn::Set(d, 0.25F));
}

template <int kKernel, int kBlock, bool kMax>
HWY_INLINE void tile(const TrainForwardArgs& a, const float* weights, int first_channel, int row, int x,
                     std::size_t mask_tile, std::size_t mask_tiles) {
  const D d;
  const auto& s = a.shape;
  V sum[kBlock][2][2];
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    sum[o][0][0] = sum[o][0][1] = sum[o][1][0] = sum[o][1][1] = hn::Set(d, a.bias[first_channel + o]);
  }
  const auto width = static_cast<std::size_t>(s.width);
  const Planes planes{a.src + 2 * static_cast<std::size_t>(row) * width + x,
                      static_cast<std::size_t>(s.height) * width, width, s.in_channels};
  add_products<kKernel, kBlock>(planes, weights, sum);
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    if (first_channel + o >= s.out_channels) break;
    const auto channel = static_cast<std::size_t>(first_channel + o);
    const V pooled = pool<kMax>(sum[o]);
    hn::StoreU(pooled, d, a.dst + (channel * s.dst_height + row) * s.dst_width + x / 2);
    const TileMask mask = kMax ? mask_of_maxima(sum[o], pooled) : mask_of_positive(sum[o]);
    std::uint32_t* to = a.mask + (channel * s.dst_height + row) * 2 * mask_tiles + mask_tile;
    to[0] = mask.upper;
    to[mask_tiles] = mask.lower;
  }
}

template <int kKernel, int kBlock, bool kMax>
void run(const TrainForwardArgs& a) {
  const auto& s = a.shape;
  const int columns = s.dst_width * 2;
  const int tiles = (columns + 2 * kLanes - 1) / (2 * kLanes);
  const std::size_t block_weights = static_cast<std::size_t>(s.in_channels) * kKernel * kKernel * kBlock;
  for (int row = 0; row < s.dst_height; ++row) {
    const float* weights = a.weights;
    for (int o = 0; o < s.out_channels; o += kBlock, weights += block_weights) {
      for (int t = 0; t < tiles; ++t) {
        // The last columns, some of them for the second time: reading stays inside the row.
        const int x = std::min(t * 2 * kLanes, columns - 2 * kLanes);
        tile<kKernel, kBlock, kMax>(a, weights, o, row, x, static_cast<std::size_t>(t),
                                    static_cast<std::size_t>(tiles));
      }
    }
  }
}

template <int kKernel, int kBlock>
void run_pool(const TrainForwardArgs& a) {
  if (a.shape.pool == 2) return run<kKernel, kBlock, true>(a);
  run<kKernel, kBlock, false>(a);
}

template <int kKernel>
void run_channels(const TrainForwardArgs& a) {
  constexpr int kWide = kManyRegisters ? 6 : 3, kNarrow = kManyRegisters ? 4 : 2;
  if (channels_together(a.shape.out_channels) == kWide) return run_pool<kKernel, kWide>(a);
  run_pool<kKernel, kNarrow>(a);
}

void forward_image(const TrainForwardArgs& a) {
  if (a.shape.kernel == 3) return run_channels<3>(a);
  run_channels<5>(a);
}
#endif

int lanes() { return kLanes; }

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(forward_image);
HWY_EXPORT(channels_together);
HWY_EXPORT(lanes);

int train_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }
int train_channels(int channels) { return HWY_DYNAMIC_DISPATCH(channels_together)(channels); }
int train_mask_tiles(const TrainBlockShape& shape) {
  const int tile = 2 * train_lanes();
  return (2 * shape.dst_width + tile - 1) / tile;
}
void train_forward_image(const TrainForwardArgs& args) { HWY_DYNAMIC_DISPATCH(forward_image)(args); }

}  // namespace dsx::fused
#endif
