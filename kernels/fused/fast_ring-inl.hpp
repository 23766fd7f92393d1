// The transformed source of the fast filters' kernels: the rows that two rows of the convolution read (5 +
// stride), in a ring in the thread's scratchpad, so that each source row is transformed once:
//   [rows][products, C][tiles], products of one sum beside each other, part by part (fast_filter.hpp); or
//   [rows][vectors of tiles][products, C][lanes], where a whole vector of tiles is computed together:
//   kByVector
// For 6 channels of 158 columns a row of the ring has 7.7 KB and the ring 46 KB: it stays in the L2 cache.
//
// A tile mixes 8 columns of 5 rows: NaN and infinity would spread to its neighbours, and what is huge would
// overflow. Rows with such a value say so, and whoever reads them takes the direct kernel instead.
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FAST_RING_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_RING_INL
#undef DOWNSCALEXR_FAST_RING_INL
#else
#define DOWNSCALEXR_FAST_RING_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_block_simd.hpp"
#include "kernels/fused/fast_transforms-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// A row of some channels, and where its transform goes: tile t (whole vectors of them) of channel c and
// product i at to[i * product_step + c * to_step + t / lanes * vector_step].
struct FastRow {
  const float* at;
  std::size_t channel_step;
  int columns;  // what lies behind them counts as 0
  std::size_t channels, plane;
  float* to;
  std::size_t product_step, to_step, vector_step;
};

// phases: 4 kStride (plane + lanes) floats. False where a value may not be transformed: then what it gives is
// of no use.
template <int kStride>
HWY_NOINLINE bool transform_row(const FastRow& row, float* phases) {
  using Parts = FastParts<kStride>;
  const V limit = hn::Set(D(), kFastLimit);
  hn::Mask<D> within = hn::Eq(limit, limit);
  const std::size_t step = row.plane + kLanes;
  const float* from = row.at;
  float* to = row.to;
  for (std::size_t c = 0; c < row.channels; ++c, from += row.channel_step, to += row.to_step) {
    for (std::size_t t = 0; t < step; t += kLanes) {
      const int x = static_cast<int>(t) * kFastOutputs * kStride;
      load_phases<kStride>(from + std::min(x, row.columns), row.columns - x, limit, within, phases + t, step);
    }
    float* at = to;
    for (std::size_t t = 0; t < row.plane; t += kLanes, at += row.vector_step) {
      transform_source<kStride>(Parts::first, phases + t, step,
                                [&](int i) { return at + Parts::first_plane(i) * row.product_step; });
      if constexpr (kStride == 2) {
        transform_source<kStride>(Parts::second, phases + t, step, [&](int i) {
          return at + (Parts::first_plane(i + 1) + 1) * row.product_step;
        });
      }
    }
  }
  return hn::AllTrue(D(), within);
}

template <int kStride, bool kByVector = false>
class FastRing {
 public:
  using Parts = FastParts<kStride>;
  static constexpr int kRows = kFastKernel + kStride;
  // Planes of a row, one for each product of each channel: first those of sum 0, ...
  static constexpr int first_plane(int sum) { return Parts::first_plane(sum); }
  static constexpr int planes(int sum) { return first_plane(sum + 1) - first_plane(sum); }
  static constexpr int kPlanes = first_plane(Parts::kSums);

  FastRing(const FusedBlockArgs& args, float* scratch)
      : args_(args),
        channels_(static_cast<std::size_t>(args.in_channels)),
        tiles_((args.conv_width + kFastOutputs - 1) / kFastOutputs),
        plane_(static_cast<std::size_t>((tiles_ + kLanes - 1) / kLanes * kLanes)),
        phases_(scratch),
        ring_(scratch + phases_floats()) {}
  FastRing(const FastRing&) = delete;
  FastRing& operator=(const FastRing&) = delete;

  std::size_t channels() const { return channels_; }
  int tiles() const { return tiles_; }
  std::size_t plane() const { return plane_; }  // whole vectors of tiles
  // Floats from a channel to the next, and to the tile `t`, the first of a vector.
  std::size_t channel_step() const { return kByVector ? kLanes : plane_; }
  std::size_t tile_at(std::size_t t) const { return kByVector ? t * kPlanes * channels_ : t; }
  std::size_t floats() const { return phases_floats() + kRows * row_floats(); }

  // Makes the source rows first ... first + kRows - 1 be there; `first` never goes back. False where one of
  // them has a value that may not be transformed.
  bool advance(int first) {
    for (next_ = std::max(next_, first); next_ < first + kRows; ++next_)
      fits_[next_ % kRows] =
          transform_row<kStride>({args_.src + static_cast<std::size_t>(next_) * args_.width,
                                  static_cast<std::size_t>(args_.height) * args_.width, args_.width,
                                  channels_, plane_, ring_ + (next_ % kRows) * row_floats(),
                                  channels_ * channel_step(), channel_step(), tile_at(kLanes)},
                                 phases_);
    return std::all_of(fits_, fits_ + kRows, [](bool fits) { return fits; });
  }
  // Of these, [products, C][tiles].
  void rows(int first, const float* (&to)[kRows]) const {
    for (int i = 0; i < kRows; ++i) to[i] = ring_ + ((first + i) % kRows) * row_floats();
  }

 private:
  std::size_t phase_step() const { return plane_ + kLanes; }
  std::size_t phases_floats() const { return kFastOutputs * kStride * phase_step(); }
  std::size_t row_floats() const { return static_cast<std::size_t>(kPlanes) * channels_ * plane_; }

  const FusedBlockArgs& args_;
  std::size_t channels_;
  int tiles_;
  std::size_t plane_;
  float *phases_, *ring_;
  bool fits_[kRows] = {};
  int next_ = 0;  // source row that is transformed next
};

// Rows [begin, end) of dst, two rows of the convolution at a time: fast(rows, row) where the ring's rows fit,
// direct(begin, end), for rows of dst, where they do not.
template <class Policy, int kStride, bool kByVector, class Fast, class Direct>
HWY_INLINE void run_fast_rows(const FusedBlockArgs& args, FastRing<kStride, kByVector>& ring, int begin,
                              int end, const Fast& fast, const Direct& direct) {
  constexpr int kStep = Policy::kWindow == 1 ? 2 : 1;
  for (int at = begin; at < end; at += kStep) {
    // Without pooling an odd last row is computed with the one before it, twice.
    const int row = Policy::kWindow == 1 ? std::min(at, args.dst_height - 2) : 2 * at;
    if (ring.advance(row * kStride)) {
      const float* rows[FastRing<kStride, kByVector>::kRows];
      ring.rows(row * kStride, rows);
      fast(rows, row);
    } else {
      direct(row / Policy::kWindow, row / Policy::kWindow + kStep);
    }
  }
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
