// The gradient of the source from a strip: a correlation of the padded gradient with the kernel turned around
// (stride 1), or one such for each parity of rows and columns (stride 2).
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FUSED_TRAIN_SOURCE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_TRAIN_SOURCE_INL
#undef DOWNSCALEXR_FUSED_TRAIN_SOURCE_INL
#else
#define DOWNSCALEXR_FUSED_TRAIN_SOURCE_INL
#endif

#include <algorithm>

#include "kernels/fused/fused_train_strip-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Stride 1: a correlation of the padded gradient with the kernel turned around. Rows y and y + 1;
// `buffer_row` holds the convolution's row y - (K - 1).
template <int kKernel, int kBlock>
void source_rows_pair(const TrainBackwardArgs& a, const TrainStrip& strip, const float* gradient,
                      int buffer_row, int y) {
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
HWY_INLINE void source_pairs(const TrainBackwardArgs& a, const TrainStrip& strip, const float* gradient,
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
void source_row_stride2(const TrainBackwardArgs& a, const TrainStrip& strip, const float* gradient,
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

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
