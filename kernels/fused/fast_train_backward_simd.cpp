// Backward of a block by fast filters: strips of the convolution's gradient as in
// fused_train_backward_simd.cpp, of which both the weights' gradient (fast_train_weights-inl.hpp) and the
// source's (fast_planes-inl.hpp, with the kernel turned around and the channels exchanged) are made from
// transformed rows. What cannot be transformed is left to the direct kernels, strip by strip and pair of rows
// by pair of rows; both kinds of sums are added up.
#include <algorithm>

#include "kernels/fused/fast_train_simd.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fast_train_backward_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fast_planes-inl.hpp"
#include "kernels/fused/fast_train_weights-inl.hpp"
#include "kernels/fused/fused_train_source-inl.hpp"
#include "kernels/fused/fused_train_weights-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// The source's gradient, two rows at a time, from a ring of the 6 transformed rows of the convolution's
// gradient that they meet: each is transformed once, in whatever strip it stands.
class FastSource {
 public:
  FastSource(const FastTrainBackwardArgs& args, const TrainStrip& strip, float* scratch)
      : a_(args),
        strip_(strip),
        channels_(static_cast<std::size_t>(args.direct.shape.out_channels)),
        plane_(whole_vectors(tiles_of(args.direct.shape.width))),
        phases_(scratch),
        ring_(phases_ + kFastOutputs * (plane_ + kLanes)),
        sums_(ring_ + kRows * row_floats()) {}

  std::size_t floats() const {
    return static_cast<std::size_t>(sums_ - phases_) + kPlaneSums + kFastTogether * plane_ * kFastOutputs;
  }

  // Rows y and y + 1 of the source; the strip begins with row `first` of the convolution. False, and nothing
  // is written, where a value may not be transformed.
  bool rows_pair(const float* conv_gradient, int first, int y) {
    if (!advance(conv_gradient, first, y - (kFastKernel - 1))) return false;
    const auto& s = a_.direct.shape;
    const PlaneRows planes{channels_, plane_, sums_};
    float* const buffer = sums_ + kPlaneSums;
    const std::size_t columns = plane_ * kFastOutputs,
                      pair_weights = FastParts<1>::kSums * channels_ * kFastKernel * kFastTogether;
    const float* weights = a_.weights;
    for (int c = 0; c < s.in_channels; c += kFastTogether, weights += pair_weights) {
      for (int r = 0; r < 2; ++r) {
        const float* rows[kFastKernel];
        for (int kh = 0; kh < kFastKernel; ++kh) rows[kh] = row_at(y - (kFastKernel - 1) + r + kh);
        planes.row(rows, weights, nullptr, {buffer, buffer + columns});
        for (int i = 0; i < kFastTogether; ++i)
          std::copy_n(
              buffer + i * columns, s.width,
              a_.direct.diff_src +
                  (static_cast<std::size_t>(c + i) * s.height + static_cast<std::size_t>(y + r)) * s.width);
      }
    }
    return true;
  }

 private:
  static constexpr int kRows = kFastKernel + 1, kNone = -kFastKernel;

  std::size_t row_floats() const { return FastParts<1>::kSums * channels_ * plane_; }
  static std::size_t place(int row) { return static_cast<std::size_t>(row + kRows) % kRows; }
  float* row_at(int row) const { return ring_ + place(row) * row_floats(); }

  bool advance(const float* conv_gradient, int first, int row) {
    for (next_ = std::max(next_, row); next_ < row + kRows; ++next_) {
      const float* at = conv_gradient + static_cast<std::size_t>(next_ - first) * strip_.step + strip_.left -
                        (kFastKernel - 1);
      fits_[place(next_)] = transform_row<1>({at, static_cast<std::size_t>(strip_.rows) * strip_.step,
                                              strip_.step - strip_.left + kFastKernel - 1, channels_, plane_,
                                              row_at(next_), channels_ * plane_, plane_, kLanes},
                                             phases_);
    }
    return std::all_of(fits_, fits_ + kRows, [](bool fits) { return fits; });
  }

  const FastTrainBackwardArgs& a_;
  const TrainStrip& strip_;
  std::size_t channels_, plane_;
  float *phases_, *ring_, *sums_;
  bool fits_[kRows] = {};
  int next_ = kNone;
};

void direct_weights(const TrainBackwardArgs& a, const TrainStrip& strip, const TrainScratch& scratch,
                    int buffer_row, int y, int count) {
  kernels::PrefetchQueue nothing;
  nothing.clear();
  if constexpr (kManyRegisters) {
    if (weight_channels(a.shape.out_channels) == 4)
      return weights_of_strip<kFastKernel, 4>(a, strip, scratch, buffer_row, y, count, nothing);
    weights_of_strip<kFastKernel, 3>(a, strip, scratch, buffer_row, y, count, nothing);
  } else {
    weights_of_strip<kFastKernel, 2>(a, strip, scratch, buffer_row, y, count, nothing);
  }
}

void direct_source(const TrainBackwardArgs& a, const TrainStrip& strip, const float* gradient, int buffer_row,
                   int row) {
  if (channels_together(a.shape.in_channels) == kWideBlock)
    return source_rows_pair<kFastKernel, kWideBlock>(a, strip, gradient, buffer_row, row);
  source_rows_pair<kFastKernel, kNarrowBlock>(a, strip, gradient, buffer_row, row);
}

void fast_backward_image(const FastTrainBackwardArgs& f, const TrainScratch& scratch) {
  const TrainBackwardArgs& a = f.direct;
  const auto& s = a.shape;
  const TrainStrip strip = strip_of(s);
  const bool source = a.diff_src != nullptr;
  const FastWeights weights(a, strip, f.scratch);
  FastSource fast_source(f, strip, f.scratch + weights.floats());
  std::fill_n(scratch.sums, scratch_sizes(s).sums, 0.F);
  std::fill_n(a.diff_weights, static_cast<std::size_t>(s.out_channels) * s.in_channels * s.kernel * s.kernel,
              0.F);
  weights.clear();
  bool some_direct = false;
  const int end = source ? s.height : s.conv_height;
  for (int y = 0; y < end; y += kStripRows) {
    const int strip_end = std::min(y + kStripRows, end), own_end = std::min(strip_end, s.conv_height);
    // Source rows come in pairs: an odd last strip computes the row before it once more.
    const int begin = source && (strip_end - y) % 2 != 0 ? y - 1 : y;
    const int first = begin - (source ? kFastKernel - 1 : 0);
    a.fill_strip(a, strip, scratch, first, strip_end - first, y, own_end);
    if (own_end > y && !weights.add_strip(scratch.conv_gradient, y - first, y, own_end - y)) {
      direct_weights(a, strip, scratch, y - first, y, own_end - y);
      some_direct = true;
    }
    for (int row = begin; source && row < strip_end; row += 2) {
      if (f.weights == nullptr || !fast_source.rows_pair(scratch.conv_gradient, first, row))
        direct_source(a, strip, scratch.conv_gradient, row - begin, row);
    }
  }
  if (some_direct) finish_weights(a, strip, scratch);
  weights.finish();
  finish_bias(a, strip, scratch);
}

bool suits(const TrainBlockShape& s, bool diff_src) {
  return kLanes >= 8 && s.kernel == kFastKernel && s.stride == 1 && s.window == 2 &&
         s.out_channels % kFastTogether == 0 && (!diff_src || s.in_channels % kFastTogether == 0);
}

FastTrainScratch fast_scratch_sizes(const TrainBlockShape& s) {
  FusedBlockArgs block;
  block.in_channels = s.in_channels;
  block.width = s.width;
  block.conv_width = s.conv_width;
  const FastRing<1> ring(block, nullptr);
  const TrainStrip strip = strip_of(s);
  FastTrainBackwardArgs backward;
  backward.direct.shape = s;
  return {
      ring.floats() + kPlaneSums + 2 * kFastTogether * ring.plane() * kFastOutputs,
      FastWeights(backward.direct, strip, nullptr).floats() + FastSource(backward, strip, nullptr).floats()};
}
#else
bool suits(const TrainBlockShape&, bool) { return false; }
FastTrainScratch fast_scratch_sizes(const TrainBlockShape&) { return {}; }
void fast_backward_image(const FastTrainBackwardArgs&, const TrainScratch&) {}
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(suits);
HWY_EXPORT(fast_scratch_sizes);
HWY_EXPORT(fast_backward_image);

bool fast_train_suits(const TrainBlockShape& shape, bool diff_src) {
  return HWY_DYNAMIC_DISPATCH(suits)(shape, diff_src);
}
FastTrainScratch fast_train_scratch(const TrainBlockShape& shape) {
  return HWY_DYNAMIC_DISPATCH(fast_scratch_sizes)(shape);
}
void fast_train_backward_image(const FastTrainBackwardArgs& args, const TrainScratch& scratch) {
  HWY_DYNAMIC_DISPATCH(fast_backward_image)(args, scratch);
}

}  // namespace dsx::fused
#endif
