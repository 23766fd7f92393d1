// What a strip adds to the gradient of 5x5 weights, by fast filters (fast_filter.hpp: kWeightFilter). For an
// image [C, H, W] and the convolution's gradient [O, rows, columns]:
//   1. Rows of the strip's gradient and of the source that it meets are transformed, in tiles of 4 columns of
//      the gradient: [8, O][rows][tiles] by G, [8, C][rows + 4][tiles] by B.
//   2. For each of the 8 sums, each pair of channels and kernel row, over rows and tiles, in registers:
//      sum[s][o][c][kh] += gradient[s][o][row][tile] * source[s][c][row + kh][tile]; lanes are tiles: 8
//      products for 4 columns and 5 weights instead of 20.
//   3. When the image is done: 5 weights of a row from their 8 sums (A), once.
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FAST_TRAIN_WEIGHTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_TRAIN_WEIGHTS_INL
#undef DOWNSCALEXR_FAST_TRAIN_WEIGHTS_INL
#else
#define DOWNSCALEXR_FAST_TRAIN_WEIGHTS_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_planes-inl.hpp"
#include "kernels/fused/fused_train_strip-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Two channels of the convolution and one of the source, all kernel rows: `count` floats of the gradient's
// planes, whose channels lie `channel` floats apart, times the source's, `plane` floats a row. sums: [2][5].
HWY_NOINLINE void add_weight_products(const float* gradient, std::size_t channel, const float* source,
                                      std::size_t plane, std::size_t count, float* sums) {
  const D d;
  V sum[2][kFastKernel];
  HWY_UNROLL(2)
  for (int o = 0; o < 2; ++o) HWY_UNROLL(8)
  for (int kh = 0; kh < kFastKernel; ++kh) sum[o][kh] = hn::LoadU(d, sums + (o * kFastKernel + kh) * kLanes);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const V first = in_register(hn::LoadU(d, gradient + i)),
            second = in_register(hn::LoadU(d, gradient + channel + i));
    HWY_UNROLL(8)
    for (std::size_t kh = 0; kh < kFastKernel; ++kh) {
      const V x = in_register(hn::LoadU(d, source + i + kh * plane));
      sum[0][kh] = hn::MulAdd(first, x, sum[0][kh]);
      sum[1][kh] = hn::MulAdd(second, x, sum[1][kh]);
    }
  }
  HWY_UNROLL(2)
  for (int o = 0; o < 2; ++o) HWY_UNROLL(8)
  for (int kh = 0; kh < kFastKernel; ++kh) hn::StoreU(sum[o][kh], d, sums + (o * kFastKernel + kh) * kLanes);
}

class FastWeights {
 public:
  FastWeights(const TrainBackwardArgs& args, const TrainStrip& strip, float* scratch)
      : a_(args),
        strip_(strip),
        plane_(whole_vectors(tiles_of(args.shape.conv_width))),
        pairs_(static_cast<std::size_t>(args.shape.out_channels + 1) / 2),
        gradient_channel_(kStripRows * plane_),
        source_channel_((kStripRows + kFastKernel - 1) * plane_),
        sums_(scratch),
        phases_(sums_ + sums_floats()),
        gradient_(phases_ + phases_floats()),
        source_(gradient_ + kSums * 2 * pairs_ * gradient_channel_) {}

  std::size_t floats() const {
    return static_cast<std::size_t>(source_ - sums_) +
           kSums * static_cast<std::size_t>(a_.shape.in_channels) * source_channel_;
  }
  void clear() const {
    std::fill_n(sums_, sums_floats(), 0.F);
    // An odd last channel has a neighbour without a gradient.
    if (a_.shape.out_channels % 2 != 0)
      for (std::size_t s = 0; s < kSums; ++s)
        std::fill_n(gradient_ + ((s + 1) * 2 * pairs_ - 1) * gradient_channel_, gradient_channel_, 0.F);
  }

  // Rows [y, y + count) of the convolution, the strip's from `buffer_row` on. False, and nothing is added,
  // where a value may not be transformed.
  bool add_strip(const float* conv_gradient, int buffer_row, int y, int count) const {
    const auto& s = a_.shape;
    bool fits = true;
    for (int r = 0; r < count && fits; ++r)
      fits = transform_gradient(
          conv_gradient + static_cast<std::size_t>(buffer_row + r) * strip_.step + strip_.left,
          gradient_ + static_cast<std::size_t>(r) * plane_);
    for (int r = 0; r < count + kFastKernel - 1 && fits; ++r) {
      const auto channels = static_cast<std::size_t>(s.in_channels);
      fits = transform_row<1>(
          {a_.src + static_cast<std::size_t>(y + r) * s.width, static_cast<std::size_t>(s.height) * s.width,
           s.width, channels, plane_, source_ + static_cast<std::size_t>(r) * plane_,
           channels * source_channel_, source_channel_, kLanes},
          phases_);
    }
    if (!fits) return false;
    float* sums = sums_;
    const float *gradient = gradient_, *source = source_;
    for (std::size_t i = 0; i < kSums; ++i, gradient += 2 * pairs_ * gradient_channel_) {
      for (int c = 0; c < s.in_channels; ++c, source += source_channel_) {
        for (std::size_t pair = 0; pair < pairs_; ++pair, sums += kPairFloats)
          add_weight_products(gradient + 2 * pair * gradient_channel_, gradient_channel_, source, plane_,
                              static_cast<std::size_t>(count) * plane_, sums);
      }
    }
    return true;
  }

  // Adds what all strips gave to diff_weights.
  void finish() const {
    const D d;
    const auto& s = a_.shape;
    for (int o = 0; o < s.out_channels; ++o) {
      for (int c = 0; c < s.in_channels; ++c) {
        for (int kh = 0; kh < kFastKernel; ++kh) {
          float* const to =
              a_.diff_weights +
              ((static_cast<std::size_t>(o) * s.in_channels + c) * kFastKernel + kh) * kFastKernel;
          for (std::size_t kw = 0; kw < kFastKernel; ++kw) {
            V sum = hn::Zero(d);
            for (std::size_t i = 0; i < kSums; ++i) {
              const auto pair = (i * s.in_channels + c) * pairs_ + static_cast<std::size_t>(o) / 2;
              const float* from = sums_ + pair * kPairFloats + (o % 2 * kFastKernel + kh) * kLanes;
              sum = hn::MulAdd(hn::Set(d, static_cast<float>(kWeightFilter.output[kw][i])),
                               hn::LoadU(d, from), sum);
            }
            to[kw] += hn::GetLane(hn::SumOfLanes(d, sum));
          }
        }
      }
    }
  }

 private:
  static constexpr std::size_t kSums = FastParts<1>::kSums,
                               kPairFloats = static_cast<std::size_t>(2) * kFastKernel * kLanes;

  std::size_t sums_floats() const {
    return kSums * static_cast<std::size_t>(a_.shape.in_channels) * pairs_ * kPairFloats;
  }
  std::size_t phases_floats() const { return kFastOutputs * (plane_ + kLanes); }

  // A row of all channels of the convolution by G.
  HWY_NOINLINE bool transform_gradient(const float* from, float* to) const {
    const V limit = hn::Set(D(), kFastLimit);
    hn::Mask<D> within = hn::Eq(limit, limit);
    const std::size_t step = plane_ + kLanes, product = 2 * pairs_ * gradient_channel_;
    const int columns = a_.shape.conv_width;
    for (int o = 0; o < a_.shape.out_channels;
         ++o, from += static_cast<std::size_t>(strip_.rows) * strip_.step, to += gradient_channel_) {
      for (std::size_t t = 0; t < plane_; t += kLanes) {
        const int x = static_cast<int>(t) * kFastOutputs;
        load_phases<1>(from + std::min(x, columns), columns - x, limit, within, phases_ + t, step);
        V in[kFastOutputs];
        for (std::size_t j = 0; j < kFastOutputs; ++j) in[j] = hn::LoadU(D(), phases_ + j * step + t);
        transform_points(kWeightFilter.filter, in,
                         [&](std::size_t i, V v) { hn::StoreU(v, D(), to + i * product + t); });
      }
    }
    return hn::AllTrue(D(), within);
  }

  const TrainBackwardArgs& a_;
  const TrainStrip& strip_;
  std::size_t plane_, pairs_, gradient_channel_, source_channel_;
  float *sums_, *phases_, *gradient_, *source_;
};

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
