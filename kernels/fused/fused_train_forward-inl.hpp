// Forward of a block for training: fused_rows-inl.hpp's convolution, ReLU and pooling in registers, which
// also keeps what backward needs of each value of the convolution (fused_kept-inl.hpp): a bit, where that is
// enough.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FUSED_TRAIN_FORWARD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_TRAIN_FORWARD_INL
#undef DOWNSCALEXR_FUSED_TRAIN_FORWARD_INL
#else
#define DOWNSCALEXR_FUSED_TRAIN_FORWARD_INL
#endif

#include <algorithm>

#include "kernels/fused/fused_sums-inl.hpp"
#include "kernels/fused/fused_train_simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// A tile of one channel: two rows and two vectors of columns of the convolution -> values of dst and what is
// kept.
template <class Policy>
HWY_INLINE void store_pooled(const TrainForwardArgs& a, const V (&rows)[2][2], int row, int channel, int x,
                             std::size_t tile, std::size_t tiles) {
  const auto& s = a.shape;
  const std::size_t dst_row = static_cast<std::size_t>(channel) * s.dst_height + row;
  const V pooled = pool<Policy>(rows);
  hn::StoreU(pooled, D(), a.dst + dst_row * s.dst_width + x / 2);
  std::uint32_t* to = a.kept + (dst_row * 2 * tiles + tile) * Policy::Kept::kWords;
  Policy::keep(rows, pooled).store(to, tiles * Policy::Kept::kWords);
}

template <int kKernel, int kBlock, class Policy>
HWY_INLINE void train_tile(const TrainForwardArgs& a, const float* weights, int first_channel, int row, int x,
                           std::size_t tile, std::size_t tiles) {
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
    store_pooled<Policy>(a, sum[o], row, first_channel + o, x, tile, tiles);
  }
}

// A row of dst, all channels.
template <int kKernel, int kBlock, class Policy>
void train_row_blocks(const TrainForwardArgs& a, int row) {
  const auto& s = a.shape;
  const int columns = s.dst_width * 2;
  const int tiles = (columns + 2 * kLanes - 1) / (2 * kLanes);
  const std::size_t block_weights = static_cast<std::size_t>(s.in_channels) * kKernel * kKernel * kBlock;
  const float* weights = a.weights;
  for (int o = 0; o < s.out_channels; o += kBlock, weights += block_weights) {
    for (int t = 0; t < tiles; ++t) {
      // The last columns, some of them for the second time: reading stays inside the row.
      const int x = std::min(t * 2 * kLanes, columns - 2 * kLanes);
      train_tile<kKernel, kBlock, Policy>(a, weights, o, row, x, static_cast<std::size_t>(t),
                                          static_cast<std::size_t>(tiles));
    }
  }
}

template <int kKernel, class Policy>
void train_row(const TrainForwardArgs& a, int row) {
  if (channels_together(a.shape.out_channels) == kWideBlock)
    return train_row_blocks<kKernel, kWideBlock, Policy>(a, row);
  train_row_blocks<kKernel, kNarrowBlock, Policy>(a, row);
}

template <class Policy>
void train_forward_image(const TrainForwardArgs& a) {
  for (int row = 0; row < a.shape.dst_height; ++row) {
    if (a.shape.kernel == 3) {
      train_row<3, Policy>(a, row);
    } else {
      train_row<5, Policy>(a, row);
    }
  }
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
