// Convolution of 5x5 over one channel of u8 [H, W] with s8 weights for up to 6 output channels, ReLU and 2x2
// operator: lanes are columns, since few channels would leave most lanes of int8_channels-inl.hpp empty.
//
// The 25 products of a value are 7 quads. For rows y and y + 1 of the convolution the 6 source rows become
//   down   [W][4]: a column of rows y + 1 ... y + 4    kernel rows 1 to 4 of row y, 0 to 3 of row y + 1
//   first  [W][4]: columns x ... x + 3 of row y        kernel row 0 of row y: at x, and at x + 4 its last tap
//   last   [W][4]: columns x ... x + 3 of row y + 5    kernel row 4 of row y + 1, likewise
// and then, for each tile of two vectors of columns, with 6 x 2 x 2 vectors of sums in registers:
//   5 quads of `down` (each load serves both rows and all channels), 2 of `first`, 2 of `last`
// after which rows and neighbouring columns are pooled in registers and 6 bytes a pixel are stored in nhwc
// order. Dot products for an image: 6 * 7 * CH * CW / lanes, 0.26 million for the study's conv1 with AVX-512,
// where lanes along the channels would take a million.
#if defined(DOWNSCALEXR_INT8_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_INT8_ROWS_INL
#undef DOWNSCALEXR_INT8_ROWS_INL
#else
#define DOWNSCALEXR_INT8_ROWS_INL
#endif

#include <algorithm>

#include "kernels/fused/int8_block_simd.hpp"
#include "kernels/fused/int8_rescale-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_INT8_VECTORS

// Output channels whose sums are in registers together.
constexpr int kRowChannels = kManyRegisters ? 6 : 2;
static_assert(kInt8RowChannels % kRowChannels == 0);

using Bytes16 = hn::Full128<std::uint8_t>;

// to[x] = the bytes of column x of four rows.
HWY_INLINE void interleave_rows(const std::uint8_t* const (&rows)[4], int width, std::uint8_t* to) {
  const Bytes16 d;
  const hn::Full128<std::uint16_t> d2;
  int x = 0;
  for (; x + 16 <= width; x += 16) {
    const auto a = hn::LoadU(d, rows[0] + x), b = hn::LoadU(d, rows[1] + x), c = hn::LoadU(d, rows[2] + x),
               e = hn::LoadU(d, rows[3] + x);
    const auto ab_low = hn::BitCast(d2, hn::InterleaveLower(d, a, b)),
               ab_high = hn::BitCast(d2, hn::InterleaveUpper(d, a, b)),
               ce_low = hn::BitCast(d2, hn::InterleaveLower(d, c, e)),
               ce_high = hn::BitCast(d2, hn::InterleaveUpper(d, c, e));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d2, ab_low, ce_low)), d, to + 4 * x);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d2, ab_low, ce_low)), d, to + 4 * x + 16);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d2, ab_high, ce_high)), d, to + 4 * x + 32);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d2, ab_high, ce_high)), d, to + 4 * x + 48);
  }
  for (; x < width; ++x)
    for (int r = 0; r < 4; ++r) to[4 * x + r] = rows[r][x];
}

// to[x] = the bytes of columns x ... x + 3, zeros behind the row's end.
HWY_INLINE void slide_row(const std::uint8_t* row, int width, std::uint8_t* to) {
  const Bytes16 d;
  HWY_ALIGN static constexpr std::uint8_t kWindows[16] = {0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6};
  const auto windows = hn::Load(d, kWindows);
  int x = 0;
  for (; x + 16 <= width; x += 4)
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, row + x), windows), d, to + 4 * x);
  for (; x < width; ++x)
    for (int b = 0; b < 4; ++b) to[4 * x + b] = x + b < width ? row[x + b] : 0;
}

// Where a row pair's bytes lie in the scratch memory.
struct RowBytes {
  RowBytes(const Int8BlockArgs& a) : plane(int8_rows_plane(a.width)), down(a.scratch) {}
  void fill(const std::uint8_t* src, int width) {
    const auto row = [&](int r) { return src + static_cast<std::size_t>(r) * width; };
    const std::uint8_t* const rows[4] = {row(1), row(2), row(3), row(4)};
    interleave_rows(rows, width, down);
    slide_row(row(0), width, down + plane);
    slide_row(row(5), width, down + 2 * plane);
  }
  const std::uint8_t* at(int which, int x) const { return down + which * plane + 4 * x; }
  std::size_t plane;
  std::uint8_t* down;
};

// A channel's quads, the same in all lanes: those of the upper row, then of the lower one; 5 of `down` each,
// then 2 of `first` or `last`.
HWY_INLINE VI quad_of(const std::int8_t* weights, int channel, bool lower, int quad) {
  return four_bytes(reinterpret_cast<const std::uint8_t*>(
      weights + static_cast<std::size_t>(channel) * kInt8RowWeights + (lower ? 28 : 0) + 4 * quad));
}

template <bool kVnni>
HWY_INLINE void add_row_quads(const RowBytes& rows, const std::int8_t* weights, int x,
                              VI (&sum)[kRowChannels][2][2]) {
  HWY_UNROLL(1)
  for (int k = 0; k < 5; ++k) {
    const VI s0 = load_bytes(rows.at(0, x + k)), s1 = load_bytes(rows.at(0, x + k + kLanes));
    HWY_UNROLL(6)
    for (int o = 0; o < kRowChannels; ++o) {
      const VI upper = quad_of(weights, o, false, k), lower = quad_of(weights, o, true, k);
      sum[o][0][0] = add_dots<kVnni>(sum[o][0][0], s0, upper);
      sum[o][0][1] = add_dots<kVnni>(sum[o][0][1], s1, upper);
      sum[o][1][0] = add_dots<kVnni>(sum[o][1][0], s0, lower);
      sum[o][1][1] = add_dots<kVnni>(sum[o][1][1], s1, lower);
    }
  }
  HWY_UNROLL(2)
  for (int r = 0; r < 2; ++r) {
    HWY_UNROLL(2)
    for (int t = 0; t < 2; ++t) {
      const VI s0 = load_bytes(rows.at(1 + r, x + 4 * t)),
               s1 = load_bytes(rows.at(1 + r, x + 4 * t + kLanes));
      HWY_UNROLL(6)
      for (int o = 0; o < kRowChannels; ++o) {
        const VI w = quad_of(weights, o, r == 1, 5 + t);
        sum[o][r][0] = add_dots<kVnni>(sum[o][r][0], s0, w);
        sum[o][r][1] = add_dots<kVnni>(sum[o][r][1], s1, w);
      }
    }
  }
}

// A value of dst in each lane, of one channel.
template <class Policy>
HWY_INLINE VI pool_row_sums(const Rescale& rescale, const VI (&sum)[2][2]) {
  if constexpr (IsMaximum<Policy>) {
    const DI d;
    const VI left = hn::Max(sum[0][0], sum[1][0]), right = hn::Max(sum[0][1], sum[1][1]);
    const VI most = hn::Max(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left));
    return rescale.nearest(rescale.scaled(most));
  } else {
    const V rows[2][2] = {{rescale.rounded(sum[0][0]), rescale.rounded(sum[0][1])},
                          {rescale.rounded(sum[1][0]), rescale.rounded(sum[1][1])}};
    return rescale.nearest(pool<Policy>(rows));
  }
}

// How two pixels of 8 bytes each become two of `channels` bytes.
struct PixelBytes {
  explicit PixelBytes(int channels) : pair(2 * static_cast<std::size_t>(channels)) {
    for (int i = 0; i < 2 * channels; ++i)
      order[i] = static_cast<std::uint8_t>(i / channels * 8 + i % channels);
  }
  std::size_t pair;
  HWY_ALIGN std::uint8_t order[16] = {};
};
constexpr std::size_t kSpareBytes = 16;  // that store_pixels() may write behind its own

// One vector of pixels.
HWY_INLINE void store_pixels(const VI (&values)[kInt8RowChannels], const PixelBytes& pixels,
                             std::uint8_t* to) {
  const DI d;
  const hn::Repartition<std::uint8_t, DI> d8;
  const VI four = hn::Or(hn::Or(values[0], hn::ShiftLeft<8>(values[1])),
                         hn::Or(hn::ShiftLeft<16>(values[2]), hn::ShiftLeft<24>(values[3])));
  const VI two = hn::Or(values[4], hn::ShiftLeft<8>(values[5]));
  const auto shuffle = hn::LoadDup128(d8, pixels.order);
  // Pixels 4 b, 4 b + 1 of block b, and the two behind them.
  const auto lower = hn::TableLookupBytes(hn::BitCast(d8, hn::InterleaveLower(d, four, two)), shuffle);
  const auto upper = hn::TableLookupBytes(hn::BitCast(d8, hn::InterleaveUpper(d, four, two)), shuffle);
  HWY_ALIGN std::uint8_t blocks[2][4 * kLanes];
  hn::Store(lower, d8, blocks[0]);
  hn::Store(upper, d8, blocks[1]);
  const Bytes16 d16;
  for (int b = 0; b < kLanes / 4; ++b) {
    hn::StoreU(hn::Load(d16, blocks[0] + 16 * b), d16, to + 2 * b * pixels.pair);
    hn::StoreU(hn::Load(d16, blocks[1] + 16 * b), d16, to + (2 * b + 1) * pixels.pair);
  }
}

template <class Policy, bool kVnni>
HWY_NOINLINE void int8_row_tile(const Int8BlockArgs& a, const RowBytes& rows, const PixelBytes& pixels, int x,
                                std::uint8_t* to) {
  const D d;
  VI values[kInt8RowChannels];
  HWY_UNROLL(3)
  for (int first = 0; first < kInt8RowChannels; first += kRowChannels) {
    VI sum[kRowChannels][2][2];
    HWY_UNROLL(6)
    for (int o = 0; o < kRowChannels; ++o)
      sum[o][0][0] = sum[o][0][1] = sum[o][1][0] = sum[o][1][1] = hn::Zero(DI());
    add_row_quads<kVnni>(rows, a.weights + static_cast<std::size_t>(first) * kInt8RowWeights, x, sum);
    HWY_UNROLL(6)
    for (int o = 0; o < kRowChannels; ++o) {
      const Rescale rescale{hn::Set(d, a.factors[first + o]), hn::Set(d, a.bias[first + o]),
                            hn::Set(d, a.inverse)};
      values[first + o] = pool_row_sums<Policy>(rescale, sum[o]);
    }
  }
  store_pixels(values, pixels, to);
}

// Rows [begin, end) of dst.
template <class Policy, bool kVnni>
void int8_row_pairs(const Int8BlockArgs& a, int begin, int end) {
  const auto pixel = static_cast<std::size_t>(a.out_channels);
  RowBytes bytes(a);
  const PixelBytes pixels(a.out_channels);
  HWY_ALIGN std::uint8_t apart[kLanes * kInt8RowChannels + kSpareBytes];
  for (int row = begin; row < end; ++row) {
    bytes.fill(a.src + static_cast<std::size_t>(2 * row) * a.width, a.width);
    std::uint8_t* dst = a.dst + static_cast<std::size_t>(row) * a.dst_width * pixel;
    for (int at = 0; at < a.dst_width; at += kLanes) {
      // The last columns, some of them for the second time: reading stays inside the rows.
      const int x = std::min(at, a.dst_width - kLanes);
      const bool spare = static_cast<std::size_t>(a.dst_width - x - kLanes) * pixel >= kSpareBytes;
      int8_row_tile<Policy, kVnni>(a, bytes, pixels, 2 * x, spare ? dst + x * pixel : apart);
      if (!spare) std::memcpy(dst + x * pixel, apart, kLanes * pixel);
    }
  }
}

template <class Policy>
void run_int8_rows(const Int8BlockArgs& a, int begin, int end) {
  (a.vnni ? int8_row_pairs<Policy, true> : int8_row_pairs<Policy, false>)(a, begin, end);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
