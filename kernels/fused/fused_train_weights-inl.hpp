// What a strip adds to the gradient of the weights: each weight's gradient is a vector of partial sums until
// the image is done.
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FUSED_TRAIN_WEIGHTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_TRAIN_WEIGHTS_INL
#undef DOWNSCALEXR_FUSED_TRAIN_WEIGHTS_INL
#else
#define DOWNSCALEXR_FUSED_TRAIN_WEIGHTS_INL
#endif

#include "kernels/fused/fused_train_strip-inl.hpp"
#include "kernels/onednn/prefetch.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

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
HWY_INLINE void sum_weights(const TrainBlockShape& s, const TrainStrip& strip, const float* gradient,
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
void add_strip_to_weights(const TrainBlockShape& s, const TrainStrip& strip, const TrainScratch& scratch,
                          int first_buffer_row, const SourceRows& rows, int count,
                          kernels::PrefetchQueue& ahead) {
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
        ahead.next();
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
void weights_of_strip(const TrainBackwardArgs& a, const TrainStrip& strip, const TrainScratch& scratch,
                      int first_buffer_row, int y, int count, kernels::PrefetchQueue& ahead) {
  const auto& s = a.shape;
  if (s.stride == 2) {
    const auto rows = deinterleaved(a, scratch.source, 2 * y, 2 * (count - 1) + kKernel);
    return add_strip_to_weights<kKernel, kBlock, 2>(s, strip, scratch, first_buffer_row, rows, count, ahead);
  }
  const auto width = static_cast<std::size_t>(s.width);
  const SourceRows rows{a.src + static_cast<std::size_t>(y) * width,
                        static_cast<std::size_t>(s.height) * width, width, 0};
  add_strip_to_weights<kKernel, kBlock, 1>(s, strip, scratch, first_buffer_row, rows, count, ahead);
}

// The image's sums, lanes added up, in the order oihw; its bias stands behind them.
void finish_weights(const TrainBackwardArgs& a, const TrainStrip& strip, const TrainScratch& scratch) {
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
}

void finish_bias(const TrainBackwardArgs& a, const TrainStrip& strip, const TrainScratch& scratch) {
  const D d;
  const auto& s = a.shape;
  const float* sums = bias_sums(s, strip, scratch);
  for (int o = 0; o < s.out_channels; ++o, sums += kLanes)
    a.diff_bias[o] = hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, sums)));
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
