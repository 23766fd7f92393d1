// A strip of the gradient of a block's convolution: how it lies in memory, and how it is made from the
// gradient of the pooled result. The whole gradient never exists.
//
// `Policy`: the operator, as fused_pool-inl.hpp says.
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FUSED_TRAIN_STRIP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_TRAIN_STRIP_INL
#undef DOWNSCALEXR_FUSED_TRAIN_STRIP_INL
#else
#define DOWNSCALEXR_FUSED_TRAIN_STRIP_INL
#endif

#include <algorithm>

#include "kernels/fused/fused_kept-inl.hpp"
#include "kernels/fused/fused_train_simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Rows of a strip: few enough that those of some channels stay in L1, many enough that loading and storing
// the sums does not show.
constexpr int kStripRows = 8;

constexpr int round_up(int value, int to) { return (value + to - 1) / to * to; }

// Channels of the convolution whose weights' gradients are summed together: times K of them fit the
// registers.
inline int weight_channels(int out_channels) {
  if (!kManyRegisters) return 2;
  return out_channels % 4 == 0 ? 4 : 3;
}

inline TrainStrip strip_of(const TrainBlockShape& s) {
  // One row more than the halo: strips of an odd number of rows begin a row earlier.
  return {round_up(s.out_channels, weight_channels(s.out_channels)), kStripRows + s.kernel, kLanes,
          kLanes + round_up(s.conv_width + s.kernel - 1, kLanes) + kLanes};
}
inline int source_rows(const TrainBlockShape& s) { return (kStripRows - 1) * s.stride + s.kernel; }

inline TrainScratchSizes scratch_sizes(const TrainBlockShape& s) {
  const TrainStrip strip = strip_of(s);
  TrainScratchSizes sizes;
  sizes.conv_gradient = static_cast<std::size_t>(strip.channels) * strip.rows * strip.step;
  sizes.sums = static_cast<std::size_t>(strip.channels) * (s.in_channels * s.kernel * s.kernel + 1) * kLanes;
  if (s.stride == 2) {
    sizes.source = static_cast<std::size_t>(s.in_channels) * source_rows(s) * s.width + 2 * kLanes;
  }
  return sizes;
}

// Behind the vectors of the weights: one for each channel's bias.
inline float* bias_sums(const TrainBlockShape& s, const TrainStrip& strip, const TrainScratch& scratch) {
  return scratch.sums +
         static_cast<std::size_t>(strip.channels) * s.in_channels * s.kernel * s.kernel * kLanes;
}

// Returns the sum of what it writes.
template <class Policy>
HWY_INLINE V unpool_row(const TrainBackwardArgs& a, int channel, int y, float* to, std::size_t tiles) {
  const D d;
  const ColumnLanes lanes = column_lanes();
  const auto& s = a.shape;
  const int columns = 2 * s.dst_width;
  const float* from = a.diff_dst + (static_cast<std::size_t>(channel) * s.dst_height + y / 2) * s.dst_width;
  const std::uint32_t* kept =
      a.kept + (static_cast<std::size_t>(channel) * s.dst_height * 2 + static_cast<std::size_t>(y)) * tiles *
                   Policy::Kept::kWords;
  for (std::size_t t = 0; t < tiles; ++t, kept += Policy::Kept::kWords) {
    const int x = std::min(static_cast<int>(t) * 2 * kLanes, columns - 2 * kLanes);
    const V part = Policy::unpool(hn::LoadU(d, from + x / 2));
    Policy::Kept::spread(kept, hn::TableLookupLanes(part, lanes.left),
                         hn::TableLookupLanes(part, lanes.right), to + x);
  }
  V sum = hn::Zero(d);
  for (int x = 0; x < s.conv_width; x += kLanes)
    sum = hn::Add(sum, hn::LoadU(d, to + x));  // zeros behind the row
  return sum;
}

// Without pooling: the gradient passes where the destination is positive.
inline V mask_row(const TrainBackwardArgs& a, int channel, int y, float* to) {
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
template <class Policy>
void fill_strip(const TrainBackwardArgs& a, const TrainStrip& strip, const TrainScratch& scratch, int first,
                int count, int own_begin, int own_end) {
  const D d;
  const auto& s = a.shape;
  [[maybe_unused]] const auto tiles =
      static_cast<std::size_t>((2 * s.dst_width + 2 * kLanes - 1) / (2 * kLanes));
  const int rows = Policy::kWindow * s.dst_height;
  float* bias = bias_sums(s, strip, scratch);
  for (int o = 0; o < s.out_channels; ++o) {
    for (int r = 0; r < count; ++r) {
      const int y = first + r;
      float* to =
          scratch.conv_gradient + (static_cast<std::size_t>(o) * strip.rows + r) * strip.step + strip.left;
      if (y < 0 || y >= rows) {
        std::fill_n(to, s.conv_width, 0.F);
        continue;
      }
      V sum;
      if constexpr (Policy::kWindow == 1)
        sum = mask_row(a, o, y, to);
      else
        sum = unpool_row<Policy>(a, o, y, to, tiles);
      if (y < own_begin || y >= own_end) continue;
      float* total = bias + static_cast<std::size_t>(o) * kLanes;
      hn::StoreU(hn::Add(hn::LoadU(d, total), sum), d, total);
    }
  }
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
