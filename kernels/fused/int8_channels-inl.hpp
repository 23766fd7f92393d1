// Convolution of K x K over u8 [H, W, IC] with s8 weights, ReLU and operator: lanes are output channels.
//
//   for two rows of the convolution                    each source byte is read for both
//     for each vector of output channels
//       for each tile of 12 columns (4)                2 x 12 vectors of sums in registers
//         for each of the K + stride source rows
//           for each quad of the row's K * IC bytes    2 loads of weights; for each column 4 bytes to all
//                                                      lanes and 2 dot products
//         sums to u8, pooled in registers (int8_rescale-inl.hpp)
//
// In nhwc order a kernel row is K * IC neighbouring bytes: nothing is rearranged, and of a quad's 4 products
// only the last one's few are zeros (IC = 6, K = 5: 150 of 160 count). Dot products of a vector of channels
// for an image: CH * CW * K * ceil(K * IC / 4), 0.95 million for the study's conv2.
#if defined(DOWNSCALEXR_INT8_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_INT8_CHANNELS_INL
#undef DOWNSCALEXR_INT8_CHANNELS_INL
#else
#define DOWNSCALEXR_INT8_CHANNELS_INL
#endif

#include <algorithm>

#include "kernels/fused/int8_block_simd.hpp"
#include "kernels/fused/int8_rescale-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_INT8_VECTORS

// 32 registers hold 24 sums, 2 weights, a source; 16 hold 8 and what dot products without VNNI need.
constexpr int kInt8Columns = kManyRegisters ? 12 : 4;
constexpr int kFewInt8Columns = 4;  // of images that have no 12

// One source row times a kernel row for the upper and one for the lower row of sums.
template <bool kVnni, bool kUpper, bool kLower, int kColumns>
HWY_INLINE void add_int8_row(const std::uint8_t* src, std::size_t step, int bytes, const std::int8_t* upper_w,
                             const std::int8_t* lower_w, VI (&upper)[kColumns], VI (&lower)[kColumns]) {
  const int quads = int8_quads(bytes);
  for (int q = 0; q < quads; ++q, upper_w += 4 * kLanes, lower_w += 4 * kLanes) {
    const std::uint8_t* at = src + int8_quad_at(bytes, q);
    const VI w0 = kUpper ? load_bytes(upper_w) : hn::Zero(DI());
    const VI w1 = kLower ? load_bytes(lower_w) : hn::Zero(DI());
    HWY_UNROLL(16)
    for (int x = 0; x < kColumns; ++x) {
      const VI four = four_bytes(at + x * step);
      if constexpr (kUpper) upper[x] = add_dots<kVnni>(upper[x], four, w0);
      if constexpr (kLower) lower[x] = add_dots<kVnni>(lower[x], four, w1);
    }
  }
}

// The lanes that are channels to their pixel.
HWY_INLINE void store_pixel(const Int8BlockArgs& a, Bytes bytes, int channel, std::size_t pixel) {
  const hn::Rebind<std::uint8_t, DI> d;
  std::uint8_t* to = a.dst + pixel * a.out_channels + channel;
  if (channel + kLanes <= a.out_channels) return hn::StoreU(bytes, d, to);
  HWY_ALIGN std::uint8_t all[kLanes];
  hn::Store(bytes, d, all);
  std::copy_n(all, a.out_channels - channel, to);
}

template <class Policy, int kColumns>
HWY_INLINE void store_int8(const Int8BlockArgs& a, const VI (&upper)[kColumns], const VI (&lower)[kColumns],
                           int channel, int row, int x) {
  const D d;
  const Rescale rescale{hn::LoadU(d, a.factors + channel), hn::LoadU(d, a.bias + channel),
                        hn::Set(d, a.inverse)};
  const std::size_t width = static_cast<std::size_t>(a.dst_width);
  if constexpr (Policy::kWindow == 1) {
    const std::size_t pixel = row * width + x;
    HWY_UNROLL(16)
    for (int i = 0; i < kColumns; ++i) {
      store_pixel(a, bytes_of(rescale.nearest(rescale.scaled(upper[i]))), channel, pixel + i);
      store_pixel(a, bytes_of(rescale.nearest(rescale.scaled(lower[i]))), channel, pixel + width + i);
    }
  } else {
    const std::size_t pixel = row / 2 * width + x / 2;
    HWY_UNROLL(16)
    for (int i = 0; i < kColumns; i += 2) {
      const VI value = rescale.template pooled<Policy>(upper[i], upper[i + 1], lower[i], lower[i + 1]);
      store_pixel(a, bytes_of(value), channel, pixel + i / 2);
    }
  }
}

template <class Policy, bool kVnni, int kStride, int kColumns>
HWY_NOINLINE void int8_tile(const Int8BlockArgs& a, const std::int8_t* weights, int channel, int row, int x) {
  VI upper[kColumns], lower[kColumns];
  HWY_UNROLL(16)
  for (int i = 0; i < kColumns; ++i) upper[i] = lower[i] = hn::Zero(DI());
  const std::size_t row_bytes = static_cast<std::size_t>(a.width) * a.in_channels;
  const std::size_t step = static_cast<std::size_t>(kStride) * a.in_channels;
  const int bytes = a.kernel * a.in_channels;
  const std::size_t kernel_row = static_cast<std::size_t>(int8_quads(bytes)) * 4 * kLanes;
  const std::uint8_t* src = a.src + static_cast<std::size_t>(row) * kStride * row_bytes + x * step;
  // Source row r meets kernel row r for the upper row and r - stride for the lower one.
  for (int r = 0; r < a.kernel + kStride; ++r, src += row_bytes) {
    const std::int8_t* w0 = weights + r * kernel_row;
    const std::int8_t* w1 = r < kStride ? w0 : w0 - kStride * kernel_row;
    if (r >= kStride && r < a.kernel) {
      add_int8_row<kVnni, true, true, kColumns>(src, step, bytes, w0, w1, upper, lower);
    } else if (r < a.kernel) {
      add_int8_row<kVnni, true, false, kColumns>(src, step, bytes, w0, w1, upper, lower);
    } else if (r >= kStride) {
      add_int8_row<kVnni, false, true, kColumns>(src, step, bytes, w0, w1, upper, lower);
    }
  }
  store_int8<Policy, kColumns>(a, upper, lower, channel, row, x);
}

// Rows [begin, end) of dst.
template <class Policy, bool kVnni, int kStride, int kColumns>
void int8_tiles(const Int8BlockArgs& a, int begin, int end) {
  const int columns = a.dst_width * Policy::kWindow;
  const std::size_t block =
      static_cast<std::size_t>(a.kernel) * int8_quads(a.kernel * a.in_channels) * 4 * kLanes;
  // Two rows at a time; without pooling an odd last row is computed with the one before it, twice.
  const int step = Policy::kWindow == 1 ? 2 : 1;
  for (int at = begin; at < end; at += step) {
    const int row = Policy::kWindow == 1 ? std::min(at, a.dst_height - 2) : 2 * at;
    for (int o = 0; o < a.out_channels; o += kLanes) {
      // The last columns, some of them for the second time: reading stays inside the row.
      for (int x = 0; x < columns; x += kColumns)
        int8_tile<Policy, kVnni, kStride, kColumns>(a, a.weights + o / kLanes * block, o, row,
                                                    std::min(x, columns - kColumns));
    }
  }
}

template <class Policy, bool kVnni, int kStride>
void int8_columns(const Int8BlockArgs& a, int begin, int end) {
  if (a.dst_width * Policy::kWindow >= kInt8Columns)
    return int8_tiles<Policy, kVnni, kStride, kInt8Columns>(a, begin, end);
  int8_tiles<Policy, kVnni, kStride, kFewInt8Columns>(a, begin, end);
}

template <class Policy, bool kVnni>
void int8_strides(const Int8BlockArgs& a, int begin, int end) {
  if constexpr (Policy::kWindow == 1) {  // no operator pools behind another stride
    if (a.stride == 2) return int8_columns<Policy, kVnni, 2>(a, begin, end);
  }
  int8_columns<Policy, kVnni, 1>(a, begin, end);
}

template <class Policy>
void run_int8_channels(const Int8BlockArgs& a, int begin, int end) {
  (a.vnni ? int8_strides<Policy, true> : int8_strides<Policy, false>)(a, begin, end);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
