// Forward of a block for training by fast filters: fast_planes-inl.hpp's convolution of two rows and two
// channels, put into the cache in the row's order, from where ReLU, pooling and what backward needs
// (fused_kept-inl.hpp) are taken as fused_train_forward-inl.hpp takes them from registers.
//
// A pair of rows that reads a value beyond kFastLimit is left to the direct kernel.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FAST_TRAIN_FORWARD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_TRAIN_FORWARD_INL
#undef DOWNSCALEXR_FAST_TRAIN_FORWARD_INL
#else
#define DOWNSCALEXR_FAST_TRAIN_FORWARD_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_planes-inl.hpp"
#include "kernels/fused/fused_train_forward-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Two rows of one channel of the convolution -> a row of dst and what is kept.
template <class Policy>
HWY_INLINE void pool_rows_of(const TrainForwardArgs& a, const float* upper, const float* lower, int row,
                             int channel) {
  const D d;
  const int columns = a.shape.dst_width * 2;
  const auto tiles = static_cast<std::size_t>((columns + 2 * kLanes - 1) / (2 * kLanes));
  for (std::size_t t = 0; t < tiles; ++t) {
    const int x = std::min(static_cast<int>(t) * 2 * kLanes, columns - 2 * kLanes);
    const V rows[2][2] = {{hn::LoadU(d, upper + x), hn::LoadU(d, upper + x + kLanes)},
                          {hn::LoadU(d, lower + x), hn::LoadU(d, lower + x + kLanes)}};
    store_pooled<Policy>(a, rows, row, channel, x, t, tiles);
  }
}

template <class Policy>
void fast_train_forward_image(const FastTrainForwardArgs& a) {
  const TrainForwardArgs& b = a.direct;
  const auto& s = b.shape;
  if (a.weights == nullptr) return train_forward_image<Policy>(b);
  FusedBlockArgs block;  // what the ring asks of one
  block.src = b.src;
  block.in_channels = s.in_channels;
  block.height = s.height;
  block.width = s.width;
  block.conv_width = s.conv_width;
  FastRing<1> ring(block, a.scratch);
  const PlaneRows planes{ring.channels(), ring.plane(), a.scratch + ring.floats()};
  float* const buffer = planes.sums + kPlaneSums;  // [2 rows][2 channels][columns]
  const std::size_t columns = ring.plane() * kFastOutputs,
                    pair_weights = static_cast<std::size_t>(FastRing<1>::kPlanes) * ring.channels() *
                                   kFastKernel * kFastTogether;
  for (int row = 0; row < s.dst_height; ++row) {
    if (!ring.advance(2 * row)) {
      train_row<5, Policy>(b, row);
      continue;
    }
    const float* rows[FastRing<1>::kRows];
    ring.rows(2 * row, rows);
    for (int o = 0; o < s.out_channels; o += kFastTogether) {
      const float* weights = a.weights + static_cast<std::size_t>(o / kFastTogether) * pair_weights;
      for (int r = 0; r < 2; ++r) {
        float* const at = buffer + static_cast<std::size_t>(2 * r) * columns;
        planes.row(rows + r, weights, b.bias + o, {at, at + columns});
      }
      for (int i = 0; i < kFastTogether; ++i)
        pool_rows_of<Policy>(b, buffer + i * columns, buffer + (2 + i) * columns, row, o + i);
    }
  }
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
