// Backward of a block: the convolution's gradient is made from the pooled one strip by strip (it never exists
// as a whole), and while a strip is in the cache both the gradient of the weights and that of the source take
// what they need of it. Lanes lie along the row; a weight's gradient is a vector of partial sums until the
// image is done.
#include <algorithm>
#include <cstring>

#include "kernels/fused_train_simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused_train_backward_simd.cpp"
#include <hwy/foreach_target.h>
// After it: the sums are compiled once per target.
#include "kernels/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::HWY_NAMESPACE {
namespace {

// Rows of a strip: few enough that those of some channels stay in L1, many enough that loading and storing
// the sums does not show.
constexpr int kStripRows = 8;

// How a strip of the convolution's gradient lies in memory: [O rounded up, rows, step], data from column
// `left` on, zeros around it.
struct Strip {
  int channels, rows, left, step;
};

#if !DOWNSCALEXR_FIXED_VECTORS
TrainScratchSizes scratch_sizes(const TrainBlockShape&) { return {}; }
void backward_image(const TrainBackwardArgs&, const TrainScratch&) {}
void pack_weights(const TrainBlockShape&, const float*, float*) {}
#else

constexpr int round_up(int value, int to) { return (value + to - 1) / to * to; }

// Channels of the convolution whose weights' gradients are summed together: times K of them fit the
// registers.
int weight_channels(int out_channels) {
  if (!kManyRegisters) return 2;
  return out_channels % 4 == 0 ? 4 : 3;
}
int source_channels(int in_channels) {
  if (kManyRegisters) return in_channels % 6 == 0 ? 6 : 4;
  return in_channels % 3 == 0 ? 3 : 2;
}

Strip strip_of(const TrainBlockShape& s) {
  // One row more than the halo: strips of an odd number of rows begin a row earlier.
  return {round_up(s.out_channels, weight_channels(s.out_channels)), kStripRows + s.kernel, kLanes,
          kLanes + round_up(s.conv_width + s.kernel - 1, kLanes) + kLanes};
}
int source_rows(const TrainBlockShape& s) { return (kStripRows - 1) * s.stride + s.kernel; }

TrainScratchSizes scratch_sizes(const TrainBlockShape& s) {
  const Strip strip = strip_of(s);
  TrainScratchSizes sizes;
  sizes.conv_gradient = static_cast<std::size_t>(strip.channels) * strip.rows * strip.step;
  sizes.sums = static_cast<std::size_t>(strip.channels) * (s.in_channels * s.kernel * s.kernel + 1) * kLanes;
  if (s.stride == 2) {
    sizes.source = static_cast<std::size_t>(s.in_channels) * source_rows(s) * s.width + 2 * kLanes;
  }
  return sizes;
}

// ---- the convolution's gradient

HWY_INLINE hn::Mask<D> mask_from(std::uint32_t bits) {
  std::uint8_t bytes[8];
  const auto word = static_cast<MaskWord>(bits);
  std::memcpy(bytes, &word, sizeof word);
  return hn::LoadMaskBits(D(), bytes);
}

// Adds what it writes to `bias` when this strip owns the row (rows of the halo belong to another).
template <bool kMax>
HWY_INLINE V unpool_row(const TrainBackwardArgs& a, int channel, int y, float* to, std::size_t tiles) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const auto pair = hn::ShiftRight<1>(hn::Iota(du, 0));
  const auto left = hn::IndicesFromVec(d, pair);
  const auto right = hn::IndicesFromVec(d, hn::Add(pair, hn::Set(du, kLanes / 2)));
  const auto& s = a.shape;
  const int columns = 2 * s.dst_width;
  const float* from = a.diff_dst + (static_cast<std::size_t>(channel) * s.dst_height + y / 2) * s.dst_width;
  const std::uint32_t* mask =
      a.mask + (static_cast<std::size_t>(channel) * s.dst_height * 2 + static_cast<std::size_t>(y)) * tiles;
  for (std::size_t t = 0; t < tiles; ++t) {
    const int x = std::min(static_cast<int>(t) * 2 * kLanes, columns - 2 * kLanes);
    V g = hn::LoadU(d, from + x / 2);
    if (!kMax) g = hn::Mul(g, hn::Set(d, 0.25F));
    const std::uint32_t bits = mask[t];
    hn::StoreU(hn::IfThenElseZero(mask_from(bits), hn::TableLookupLanes(g, left)), d, to + x);
    hn::StoreU(hn::IfThenElseZero(mask_from(bits >> kLanes), hn::TableLookupLanes(g, right)), d,
               to + x + kLanes);
  }
  V sum = hn::Zero(d);
  for (int x = 0; x < s.conv_width; x += kLanes)
    sum = hn::Add(sum, hn::LoadU(d, to + x));  // zeros behind the row
  return sum;
}

// Without pooling: the gradient passes where the destination is positive.
HWY_INLINE V mask_row(const TrainBackwardArgs& a, int channel, int y, float* to) {
  const D d;
  const auto& s = a.shape;
  const auto at =
      (static_cast<std::size_t>(channel) * s.dst_height + static_cast<std::size_t>(y)) * s.dst_width;
  const V zero = hn::Zero(d);
  V sum = zero;
  int x = 0;
  for (; x + kLanes <= s.conv_width; x += kLanes) {
    const V g =
        hn::IfThenElseZero(hn::Gt(hn::LoadU(d, a.dst + at + x), zero), hn::LoadU(d, a.diff_dst + at + x));
    hn::StoreU(g, d, to + x);
    sum = hn::Add(sum, g);
  }
  if (x == s.conv_width) return sum;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(s.conv_width - x));
  const V g = hn::IfThenElseZero(hn::Gt(hn::MaskedLoad(rest, d, a.dst + at + x), zero),
                                 hn::MaskedLoad(rest, d, a.diff_dst + at + x));
  hn::StoreU(g, d, to + x);  // zeros behind the row, where zeros are
  return hn::Add(sum, g);
}

// Rows [first, first + count) of the convolution, zeros where it has none; those in [own_begin, own_end)
// count for the bias.
void fill_strip(const TrainBackwardArgs& a, const Strip& strip, const TrainScratch& scratch, int first,
                int count, int own_begin, int own_end) {
  const D d;
  const auto& s = a.shape;
  const auto tiles = static_cast<std::size_t>((2 * s.dst_width + 2 * kLanes - 1) / (2 * kLanes));
  const int rows = s.pool == 0 ? s.conv_height : 2 * s.dst_height;
  float* bias =
      scratch.sums + static_cast<std::size_t>(strip.channels) * s.in_channels * s.kernel * s.kernel * kLanes;
  for (int o = 0; o < s.out_channels; ++o) {
    for (int r = 0; r < count; ++r) {
      const int y = first + r;
      float* to =
          scratch.conv_gradient + (static_cast<std::size_t>(o) * strip.rows + r) * strip.step + strip.left;
      if (y < 0 || y >= rows) {
        std::fill_n(to, s.conv_width, 0.F);
        continue;
      }
      const V sum = s.pool == 0   ? mask_row(a, o, y, to)
                    : s.pool == 2 ? unpool_row<true>(a, o, y, to, tiles)
                                  : unpool_row<false>(a, o, y, to, tiles);
      if (y < own_begin || y >= own_end) continue;
      float* total = bias + static_cast<std::size_t>(o) * kLanes;
      hn::StoreU(hn::Add(hn::LoadU(d, total), sum), d, total);
    }
  }
}

// ---- the gradient of the weights

// Where the source rows of a strip are, and how its columns lie.
struct SourceRows {
  const float* at;
  std::size_t channel_step, row_step;
  int half;  // stride 2: place of the first odd column
};

template <int kStride>
HWY_INLINE std::size_t column(const SourceRows& rows, int kw) {
  if (kStride == 1) return static_cast<std::size_t>(kw);
  return static_cast<std::size_t>(kw % 2 == 0 ? kw / 2 : rows.half + kw / 2);
}

// For one channel of the source, one kernel row, and kBlock channels of the convolution: sums over `count`
// rows.
template <int kKernel, int kBlock, int kStride>
HWY_INLINE void sum_weights(const TrainBlockShape& s, const Strip& strip, const float* gradient,
                            const SourceRows& rows, const float* source, int count, float* sums) {
  const D d;
  V sum[kBlock][kKernel];
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    HWY_UNROLL(8)
    for (int kw = 0; kw < kKernel; ++kw) sum[o][kw] = hn::LoadU(d, sums + (o * kKernel + kw) * kLanes);
  }
  const std::size_t channel = static_cast<std::size_t>(strip.rows) * strip.step;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(s.conv_width % kLanes));
  for (int r = 0; r < count; ++r, gradient += strip.step, source += kStride * rows.row_step) {
    int x = 0;
    for (; x + kLanes <= s.conv_width; x += kLanes) {
      V g[kBlock];
      HWY_UNROLL(8)
      for (int o = 0; o < kBlock; ++o) g[o] = hn::LoadU(d, gradient + o * channel + x);
      HWY_UNROLL(8)
      for (int kw = 0; kw < kKernel; ++kw) {
        const V v = in_register(hn::LoadU(d, source + x + column<kStride>(rows, kw)));
        HWY_UNROLL(8)
        for (int o = 0; o < kBlock; ++o) sum[o][kw] = hn::MulAdd(g[o], v, sum[o][kw]);
      }
    }
    if (x == s.conv_width) continue;
    HWY_UNROLL(8)
    for (int kw = 0; kw < kKernel; ++kw) {
      // What lies behind the row may be anything: not read.
      const V v = hn::MaskedLoad(rest, d, source + x + column<kStride>(rows, kw));
      HWY_UNROLL(8)
      for (int o = 0; o < kBlock; ++o)
        sum[o][kw] = hn::MulAdd(hn::LoadU(d, gradient + o * channel + x), v, sum[o][kw]);
    }
  }
  HWY_UNROLL(8)
  for (int o = 0; o < kBlock; ++o) {
    HWY_UNROLL(8)
    for (int kw = 0; kw < kKernel; ++kw) hn::StoreU(sum[o][kw], d, sums + (o * kKernel + kw) * kLanes);
  }
}

template <int kKernel, int kBlock, int kStride>
void add_strip_to_weights(const TrainBlockShape& s, const Strip& strip, const TrainScratch& scratch,
                          int first_buffer_row, const SourceRows& rows, int count) {
  constexpr std::size_t kSums = static_cast<std::size_t>(kBlock) * kKernel * kLanes;
  float* sums = scratch.sums;
  for (int o = 0; o < s.out_channels; o += kBlock) {
    const float* gradient = scratch.conv_gradient +
                            (static_cast<std::size_t>(o) * strip.rows + first_buffer_row) * strip.step +
                            strip.left;
    for (int c = 0; c < s.in_channels; ++c) {
      for (int kh = 0; kh < kKernel; ++kh, sums += kSums) {
        sum_weights<kKernel, kBlock, kStride>(
            s, strip, gradient, rows, rows.at + c * rows.channel_step + kh * rows.row_step, count, sums);
      }
    }
  }
}

// Each source row of the strip as its even columns, then its odd ones.
SourceRows deinterleaved(const TrainBackwardArgs& a, float* to, int first_row, int count) {
  const D d;
  const auto& s = a.shape;
  const int half = s.width / 2, rows = source_rows(s);  // the width is even
  for (int c = 0; c < s.in_channels; ++c) {
    for (int r = 0; r < count; ++r) {
      const float* from = a.src + (static_cast<std::size_t>(c) * s.height + first_row + r) * s.width;
      float* row = to + (static_cast<std::size_t>(c) * rows + r) * s.width;
      for (int pair = 0; pair < s.width / 2; pair += kLanes) {
        // The last columns, some of them for the second time.
        const int x = std::min(pair, s.width / 2 - kLanes);
        const V low = hn::LoadU(d, from + 2 * x), high = hn::LoadU(d, from + 2 * x + kLanes);
        hn::StoreU(hn::ConcatEven(d, high, low), d, row + x);
        hn::StoreU(hn::ConcatOdd(d, high, low), d, row + half + x);
      }
    }
  }
  return {to, static_cast<std::size_t>(rows) * s.width, static_cast<std::size_t>(s.width), half};
}

template <int kKernel, int kBlock>
void weights_of_strip(const TrainBackwardArgs& a, const Strip& strip, const TrainScratch& scratch,
                      int first_buffer_row, int y, int count) {
  const auto& s = a.shape;
  if (s.stride == 2) {
    const auto rows = deinterleaved(a, scratch.source, 2 * y, 2 * (count - 1) + kKernel);
    return add_strip_to_weights<kKernel, kBlock, 2>(s, strip, scratch, first_buffer_row, rows, count);
  }
  const auto width = static_cast<std::size_t>(s.width);
  const SourceRows rows{a.src + static_cast<std::size_t>(y) * width,
                        static_cast<std::size_t>(s.height) * width, width, 0};
  add_strip_to_weights<kKernel, kBlock, 1>(s, strip, scratch, first_buffer_row, rows, count);
}

// The image's sums, lanes added up, in the order oihw.
void finish_weights(const TrainBackwardArgs& a, const Strip& strip, const TrainScratch& scratch) {
  const D d;
  const auto& s = a.shape;
  const int block = weight_channels(s.out_channels), k = s.kernel;
  const float* sums = scratch.sums;
  for (int o = 0; o < strip.channels; o += block) {
    for (int row = 0; row < s.in_channels * k; ++row) {
      for (int b = 0; b < block; ++b) {
        for (int kw = 0; kw < k; ++kw, sums += kLanes) {
          if (o + b >= s.out_channels) continue;
          a.diff_weights[(static_cast<std::size_t>(o + b) * s.in_channels * k + row) * k + kw] =
              hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, sums)));
        }
      }
    }
  }
  for (int o = 0; o < s.out_channels; ++o, sums += kLanes)
    a.diff_bias[o] = hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, sums)));
}

// ---- the gradient of the source

// Stride 1: a correlation of the padded gradient with the kernel turned around. Rows y and y + 1;
// `buffer_row` holds the convolution's row y - (K - 1).
template <int kKernel, int kBlock>
void source_rows_pair(const TrainBackwardArgs& a, const Strip& strip, const float* gradient, int buffer_row,
                      int y) {
  const D d;
  const auto& s = a.shape;
  const float* weights = a.weights;
  const std::size_t block_weights = static_cast<std::size_t>(s.out_channels) * kKernel * kKernel * kBlock;
  const auto plane = static_cast<std::size_t>(s.height) * s.width;
  for (int c = 0; c < s.in_channels; c += kBlock, weights += block_weights) {
    for (int t = 0; t < s.width; t += 2 * kLanes) {
      const int x = std::min(t, s.width - 2 * kLanes);
      V sum[kBlock][2][2];
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b)
        sum[b][0][0] = sum[b][0][1] = sum[b][1][0] = sum[b][1][1] = hn::Zero(d);
      const Planes planes{
          gradient + static_cast<std::size_t>(buffer_row) * strip.step + strip.left + x - (kKernel - 1),
          static_cast<std::size_t>(strip.rows) * strip.step, static_cast<std::size_t>(strip.step),
          s.out_channels};
      add_products<kKernel, kBlock>(planes, weights, sum);
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b) {
        if (c + b >= s.in_channels) break;
        float* to = a.diff_src + (c + b) * plane + static_cast<std::size_t>(y) * s.width + x;
        hn::StoreU(sum[b][0][0], d, to);
        hn::StoreU(sum[b][0][1], d, to + kLanes);
        hn::StoreU(sum[b][1][0], d, to + s.width);
        hn::StoreU(sum[b][1][1], d, to + s.width + kLanes);
      }
    }
  }
}

// Stride 2: source column 2u + p meets kernel columns kw = p, p + 2, ... at the convolution's column u - kw /
// 2, and rows likewise. kVectors vectors of u from column pair `u` on.
template <int kKernel, int kBlock, int kVectors>
HWY_INLINE void source_pairs(const TrainBackwardArgs& a, const Strip& strip, const float* gradient,
                             int row_of_pair, int y, int c, const float* weights, int u) {
  const D d;
  const auto& s = a.shape;
  V sum[kBlock][2][kVectors];
  HWY_UNROLL(8)
  for (int b = 0; b < kBlock; ++b) {
    for (int v = 0; v < kVectors; ++v) sum[b][0][v] = sum[b][1][v] = hn::Zero(d);
  }
  for (int o = 0; o < s.out_channels; ++o) {
    const float* plane = gradient + static_cast<std::size_t>(o) * strip.rows * strip.step + strip.left + u;
    const float* channel_weights = weights + static_cast<std::size_t>(o) * kKernel * kKernel * kBlock;
    for (int kh = y % 2; kh < kKernel; kh += 2) {
      const float* row = plane + static_cast<std::ptrdiff_t>(row_of_pair - kh / 2) * strip.step;
      const float* w = channel_weights + static_cast<std::size_t>(kh) * kKernel * kBlock;
      HWY_UNROLL(8)
      for (int kw = 0; kw < kKernel; ++kw) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) {
          const V g = in_register(hn::LoadU(d, row - kw / 2 + v * kLanes));
          HWY_UNROLL(8)
          for (int b = 0; b < kBlock; ++b)
            sum[b][kw % 2][v] = hn::MulAdd(hn::Set(d, w[kw * kBlock + b]), g, sum[b][kw % 2][v]);
        }
      }
    }
  }
  const auto plane = static_cast<std::size_t>(s.height) * s.width;
  HWY_UNROLL(8)
  for (int b = 0; b < kBlock; ++b) {
    if (c + b >= s.in_channels) break;
    float* to = a.diff_src + (c + b) * plane + static_cast<std::size_t>(y) * s.width +
                2 * static_cast<std::size_t>(u);
    for (int v = 0; v < kVectors; ++v)
      hn::StoreInterleaved2(sum[b][0][v], sum[b][1][v], d, to + 2 * v * kLanes);
  }
}

template <int kKernel, int kBlock>
void source_row_stride2(const TrainBackwardArgs& a, const Strip& strip, const float* gradient,
                        int row_of_pair, int y) {
  const auto& s = a.shape;
  const float* weights = a.weights;
  const int pairs = s.width / 2;
  for (int c = 0; c < s.in_channels; c += kBlock) {
    int u = 0;
    for (; u + 2 * kLanes <= pairs; u += 2 * kLanes)
      source_pairs<kKernel, kBlock, 2>(a, strip, gradient, row_of_pair, y, c, weights, u);
    if (pairs - u > kLanes)
      source_pairs<kKernel, kBlock, 2>(a, strip, gradient, row_of_pair, y, c, weights, pairs - 2 * kLanes);
    else if (pairs > u)
      source_pairs<kKernel, kBlock, 1>(a, strip, gradient, row_of_pair, y, c, weights, pairs - kLanes);
    weights += static_cast<std::size_t>(s.out_channels) * kKernel * kKernel * kBlock;
  }
}

// ---- an image

// Strip by strip of the convolution's rows. Stride 1: the source's rows [y, y + R) need the convolution's [y
// - (K - 1), y + R). Stride 2: the source's rows [2y, 2y + 2R) need [y - (K - 1) / 2, y + R).
template <int kKernel, int kWeightBlock, int kSourceBlock>
void run(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  const auto& s = a.shape;
  const Strip strip = strip_of(s);
  const bool source = a.diff_src != nullptr;
  std::fill_n(scratch.sums, scratch_sizes(s).sums, 0.F);
  const int end = !source ? s.conv_height : s.stride == 2 ? (s.height + 1) / 2 : s.height;
  for (int y = 0; y < end; y += kStripRows) {
    const int strip_end = std::min(y + kStripRows, end), own_end = std::min(strip_end, s.conv_height);
    // Source rows come in pairs: an odd last strip computes the row before it once more.
    const int begin = source && s.stride == 1 && (strip_end - y) % 2 != 0 ? y - 1 : y;
    const int halo = !source ? 0 : s.stride == 2 ? (kKernel - 1) / 2 : kKernel - 1;
    const int first = begin - halo;
    fill_strip(a, strip, scratch, first, strip_end - first, y, own_end);
    if (own_end > y) weights_of_strip<kKernel, kWeightBlock>(a, strip, scratch, y - first, y, own_end - y);
    if (!source) continue;
    if (s.stride == 1) {
      for (int row = begin; row < strip_end; row += 2)
        source_rows_pair<kKernel, kSourceBlock>(a, strip, scratch.conv_gradient, row - begin, row);
    } else {
      for (int row = 2 * y; row < std::min(2 * strip_end, s.height); ++row)
        source_row_stride2<kKernel, kSourceBlock>(a, strip, scratch.conv_gradient, row / 2 - first, row);
    }
  }
  finish_weights(a, strip, scratch);
}

template <int kKernel, int kWeightBlock>
void run_source_channels(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  constexpr int kWide = kManyRegisters ? 6 : 3, kNarrow = kManyRegisters ? 4 : 2;
  if (source_channels(a.shape.in_channels) == kWide) return run<kKernel, kWeightBlock, kWide>(a, scratch);
  run<kKernel, kWeightBlock, kNarrow>(a, scratch);
}

template <int kKernel>
void run_channels(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  if (!kManyRegisters) return run_source_channels<kKernel, 2>(a, scratch);
  if (weight_channels(a.shape.out_channels) == 4) return run_source_channels<kKernel, 4>(a, scratch);
  run_source_channels<kKernel, 3>(a, scratch);
}

void backward_image(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  if (a.shape.kernel == 3) return run_channels<3>(a, scratch);
  run_channels<5>(a, scratch);
}

void pack_weights(const TrainBlockShape& s, const float* weights, float* to) {
  const int block = source_channels(s.in_channels), k = s.kernel;
  for (int o = 0; o < s.out_channels; ++o) {
    for (int c = 0; c < s.in_channels; ++c) {
      for (int tap = 0; tap < k * k; ++tap) {
        const int turned = s.stride == 1 ? k * k - 1 - tap : tap;
        to[((static_cast<std::size_t>(c / block) * s.out_channels + o) * k * k + tap) * block + c % block] =
            weights[(static_cast<std::size_t>(o) * s.in_channels + c) * k * k + turned];
      }
    }
  }
}
#endif

}  // namespace
}  // namespace dsx::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx {

HWY_EXPORT(scratch_sizes);
HWY_EXPORT(backward_image);
HWY_EXPORT(pack_weights);

TrainScratchSizes train_scratch_sizes(const TrainBlockShape& shape) {
  return HWY_DYNAMIC_DISPATCH(scratch_sizes)(shape);
}
void train_backward_image(const TrainBackwardArgs& args, const TrainScratch& scratch) {
  HWY_DYNAMIC_DISPATCH(backward_image)(args, scratch);
}
void pack_train_weights(const TrainBlockShape& shape, const float* weights, float* to) {
  HWY_DYNAMIC_DISPATCH(pack_weights)(shape, weights, to);
}

}  // namespace dsx
#endif
