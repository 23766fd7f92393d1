// Backward of a block: the convolution's gradient is made from the pooled one strip by strip (it never exists
// as a whole), and while a strip is in the cache both the gradient of the weights and that of the source take
// what they need of it. What an operator does is its fill_strip() alone, so that this is compiled once for
// all. Lanes lie along the row; a weight's gradient is a vector of partial sums until the image is done.
#include <algorithm>

#include "kernels/fused/fused_train_simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_train_backward_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_train_source-inl.hpp"
#include "kernels/fused/fused_train_weights-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_FIXED_VECTORS
TrainScratchSizes scratch_sizes(const TrainBlockShape&) { return {}; }
void backward_image(const TrainBackwardArgs&, const TrainScratch&) {}
void pack_weights(const TrainBlockShape&, const float*, float*) {}
#else

// What the convolution's rows [begin, end) will read of the batch's memory.
void fetch_ahead(const TrainBackwardArgs& a, int begin, int end, bool source, kernels::PrefetchQueue& ahead) {
  const auto& s = a.shape;
  ahead.clear();
  if (begin >= end) return;
  const auto add_rows = [&](const float* from, int channels, int height, int width, int first, int last) {
    last = std::min(last, height);
    for (int c = 0; c < channels && first < last; ++c) {
      ahead.add(from + (static_cast<std::size_t>(c) * height + first) * width,
                sizeof(float) * static_cast<std::size_t>(last - first) * width);
    }
  };
  // Of the source, what the strip before has not read.
  add_rows(a.src, s.in_channels, s.height, s.width, s.stride * (begin - 1) + s.kernel,
           s.stride * (end - 1) + s.kernel);
  const int down = s.window;
  add_rows(a.diff_dst, s.out_channels, s.dst_height, s.dst_width, begin / down, (end + down - 1) / down);
  if (a.dst != nullptr) add_rows(a.dst, s.out_channels, s.dst_height, s.dst_width, begin, end);
  const std::size_t rows_of_weights =
      static_cast<std::size_t>(round_up(s.out_channels, weight_channels(s.out_channels))) /
      weight_channels(s.out_channels) * s.in_channels * s.kernel;
  ahead.share_out(rows_of_weights + (source && s.stride == 2 ? 2 * kStripRows : 0));
}

// Strip by strip of the convolution's rows. Stride 1: the source's rows [y, y + R) need the convolution's [y
// - (K - 1), y + R). Stride 2: the source's rows [2y, 2y + 2R) need [y - (K - 1) / 2, y + R).
template <int kKernel, int kWeightBlock, int kSourceBlock>
void run(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  const auto& s = a.shape;
  const TrainStrip strip = strip_of(s);
  const bool source = a.diff_src != nullptr;
  kernels::PrefetchQueue ahead;
  std::fill_n(scratch.sums, scratch_sizes(s).sums, 0.F);
  const int end = !source ? s.conv_height : s.stride == 2 ? (s.height + 1) / 2 : s.height;
  for (int y = 0; y < end; y += kStripRows) {
    const int strip_end = std::min(y + kStripRows, end), own_end = std::min(strip_end, s.conv_height);
    // Source rows come in pairs: an odd last strip computes the row before it once more.
    const int begin = source && s.stride == 1 && (strip_end - y) % 2 != 0 ? y - 1 : y;
    const int halo = !source ? 0 : s.stride == 2 ? (kKernel - 1) / 2 : kKernel - 1;
    const int first = begin - halo;
    a.fill_strip(a, strip, scratch, first, strip_end - first, y, own_end);
    fetch_ahead(a, strip_end, std::min(strip_end + kStripRows, end), source, ahead);
    if (own_end > y)
      weights_of_strip<kKernel, kWeightBlock>(a, strip, scratch, y - first, y, own_end - y, ahead);
    if (!source) continue;
    if (s.stride == 1) {
      for (int row = begin; row < strip_end; row += 2)
        source_rows_pair<kKernel, kSourceBlock>(a, strip, scratch.conv_gradient, row - begin, row);
    } else {
      for (int row = 2 * y; row < std::min(2 * strip_end, s.height); ++row) {
        source_row_stride2<kKernel, kSourceBlock>(a, strip, scratch.conv_gradient, row / 2 - first, row);
        ahead.next();
      }
    }
  }
  finish_weights(a, strip, scratch);
  finish_bias(a, strip, scratch);
}

template <int kKernel, int kWeightBlock>
void run_source_channels(const TrainBackwardArgs& a, const TrainScratch& scratch) {
  if (channels_together(a.shape.in_channels) == kWideBlock)
    return run<kKernel, kWeightBlock, kWideBlock>(a, scratch);
  run<kKernel, kWeightBlock, kNarrowBlock>(a, scratch);
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
  const int block = channels_together(s.in_channels), k = s.kernel;
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
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

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

}  // namespace dsx::fused
#endif
