// The arithmetic of blocks with many output channels by fast filters along the row (fast_filter.hpp: formulas
// and sources). For an image [C, H, W], kernel 5x5, two rows of the convolution at a time:
//   1. Each source row is transformed once, into a ring of the 5 + stride rows that two rows of the
//      convolution read (fast_ring-inl.hpp), in tiles of 4 columns of the convolution.
//   2. For each of the 8 sums (stride 2: 6) a matrix product over channels and kernel rows:
//      sum[row][tile][oc] = over c, kh of source[row + kh][c][tile] * weights[kh][c][oc]; lanes are output
//      channels.
//   3. A tile's 4 columns from its sums, then the operator's pooling of two rows and neighbouring columns:
//      they lie in different registers, so that nothing is shuffled. dst is [DH, DW, OC].
// Products for 4 columns, of C input channels and a row of the kernel: 8 C instead of 20 C (stride 2: 11 C).
// For 6 -> 16 channels of 158x158 the two transforms are a seventh of all arithmetic.
//
// A pair of rows that reads a value beyond kFastLimit is left to the direct kernel, and has its result bit by
// bit.
//
// `Policy`: the operator, as fused_pool-inl.hpp says. Included once per vector target, as fused_sums-inl.hpp
// is.
#if defined(DOWNSCALEXR_FAST_CHANNELS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FAST_CHANNELS_INL
#undef DOWNSCALEXR_FAST_CHANNELS_INL
#else
#define DOWNSCALEXR_FAST_CHANNELS_INL
#endif

#include <algorithm>

#include "kernels/fused/fast_block_simd.hpp"
#include "kernels/fused/fast_ring-inl.hpp"
#include "kernels/fused/fused_channels-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Vectors of output channels and tiles whose sums are kept in registers, for two rows: 12 of 16 registers
// with the weights of a kernel row and a source value, or 24 of 32.
constexpr int fast_vectors(int out_channels) {
  return !kManyRegisters && out_channels % (2 * kLanes) == 0 ? 2 : 1;
}
template <int kVectors>
constexpr int kFastTiles = (kManyRegisters ? 12 : 6) / kVectors;
// Groups of so many tiles between the two steps 2 and 3: their sums, all 8, stay in the L1 cache (12 to 15
// KB).
constexpr int kFastGroups = kManyRegisters ? 1 : 5;

// Floats from one sum of all groups to the next.
constexpr std::size_t kFastSumStep = static_cast<std::size_t>(kFastGroups) * 2 * kFastTiles<1> * kLanes;

// One sum of kTiles tiles of two rows: upper[kh] and lower[kh] are the source rows, [channels][plane].
template <int kVectors, int kTiles>
HWY_NOINLINE void fast_products(const float* const* upper, const float* const* lower, std::size_t channels,
                                std::size_t plane, const float* weights, const float* bias, float* to) {
  const D d;
  V sum[2][kTiles][kVectors];
  HWY_UNROLL(2)
  for (int r = 0; r < 2; ++r) HWY_UNROLL(16)
  for (int t = 0; t < kTiles; ++t) HWY_UNROLL(2)
  for (int v = 0; v < kVectors; ++v)
    sum[r][t][v] = bias == nullptr ? hn::Zero(d) : hn::LoadU(d, bias + v * kLanes);
  for (int kh = 0; kh < kFastKernel; ++kh) {
    const float *u = upper[kh], *l = lower[kh];
    HWY_UNROLL(1)
    for (std::size_t c = 0; c < channels; ++c, u += plane, l += plane, weights += kVectors * kLanes) {
      V w[kVectors];
      HWY_UNROLL(2)
      for (int v = 0; v < kVectors; ++v) w[v] = in_register(hn::LoadU(d, weights + v * kLanes));
      HWY_UNROLL(16)
      for (int t = 0; t < kTiles; ++t) {
        const V x = hn::Set(d, u[t]), y = hn::Set(d, l[t]);
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) {
          sum[0][t][v] = hn::MulAdd(x, w[v], sum[0][t][v]);
          sum[1][t][v] = hn::MulAdd(y, w[v], sum[1][t][v]);
        }
      }
    }
  }
  HWY_UNROLL(16)
  for (int t = 0; t < kTiles; ++t) HWY_UNROLL(2)
  for (int r = 0; r < 2; ++r) HWY_UNROLL(2)
  for (int v = 0; v < kVectors; ++v, to += kLanes) hn::StoreU(sum[r][t][v], d, to);
}

// Four columns of two rows, one vector of output channels, to dst: those that exist.
template <class Policy>
HWY_INLINE void store_tile(const FusedBlockArgs& a, const V (&upper)[kFastOutputs],
                           const V (&lower)[kFastOutputs], int row, int tile, int channel) {
  const D d;
  const std::size_t pixel = static_cast<std::size_t>(a.out_channels);
  constexpr int kDown = Policy::kWindow, kColumns = kFastOutputs / kDown;
  const int x = tile * kColumns;
  float* const dst = a.dst + (static_cast<std::size_t>(row / kDown) * a.dst_width + x) * pixel + channel;
  HWY_UNROLL(4)
  for (int j = 0; j < kColumns; ++j) {
    if (x + j >= a.dst_width) break;
    if constexpr (kDown == 1) {
      const V zero = hn::Zero(d);
      hn::StoreU(hn::Max(upper[j], zero), d, dst + j * pixel);
      hn::StoreU(hn::Max(lower[j], zero), d, dst + (j + static_cast<std::size_t>(a.dst_width)) * pixel);
    } else {
      const V left = Policy::pool_rows(upper[2 * j], lower[2 * j]);
      const V right = Policy::pool_rows(upper[2 * j + 1], lower[2 * j + 1]);
      hn::StoreU(Policy::pool_columns(left, right), d, dst + j * pixel);
    }
  }
}

// What a block's rows share.
template <int kStride, int kVectors>
struct FastChannels {
  using Ring = FastRing<kStride>;
  static constexpr int kTiles = kFastTiles<kVectors>;
  static constexpr std::size_t kVector = static_cast<std::size_t>(kVectors) * kLanes,
                               kGroupFloats = 2 * kTiles * kVector;
  const FastBlockArgs& a;
  const Ring& ring;
  float* sums;  // [sum][group][kTiles][2 rows][kVector]

  int groups() const { return (ring.tiles() + kTiles - 1) / kTiles; }
  // The last group has some tiles of the one before it: each is full.
  int first_tile(int group) const { return std::min(group * kTiles, ring.tiles() - kTiles); }

  // Step 2 for groups [begin, end), output channels o ..., whose weights are given.
  void add_products(const float* const* rows, int begin, int end, int o, const float* weights,
                    kernels::PrefetchQueue& ahead) const {
    for (int s = 0; s < FastParts<kStride>::kSums; ++s) {
      const std::size_t before = static_cast<std::size_t>(Ring::first_plane(s)) * ring.channels(),
                        channels = static_cast<std::size_t>(Ring::planes(s)) * ring.channels();
      for (int g = begin; g < end; ++g) {
        const float* at[Ring::kRows];
        for (int r = 0; r < Ring::kRows; ++r) at[r] = rows[r] + before * ring.plane() + first_tile(g);
        // The bias once, where A's column is all ones: the point 1.
        fast_products<kVectors, kTiles>(
            at, at + kStride, channels, ring.plane(), weights + before * kFastKernel * kVector,
            s == 1 ? a.direct.bias + o : nullptr, sums + s * kFastSumStep + (g - begin) * kGroupFloats);
        ahead.next();
      }
    }
  }

  // Step 3 for the same, rows `row` and row + 1 of the convolution.
  template <class Policy>
  void finish(int row, int begin, int end, int o) const {
    for (int g = begin; g < end; ++g) {
      const float* at = sums + (g - begin) * kGroupFloats;
      for (int t = 0; t < kTiles; ++t, at += 2 * kVector) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) {
          V columns[2][kFastOutputs];
          const auto sum_of = [&](int i, V(&sum)[2]) {
            const float* const from = at + static_cast<std::size_t>(i) * kFastSumStep + v * kLanes;
            sum[0] = hn::LoadU(D(), from);
            sum[1] = hn::LoadU(D(), from + kVector);
          };
          transform_sums<kStride>(sum_of, columns);
          store_tile<Policy>(a.direct, columns[0], columns[1], row, first_tile(g) + t, o + v * kLanes);
        }
      }
    }
  }
};

template <class Policy, int kStride, int kVectors>
void run_fast(const FastBlockArgs& a, int begin, int end) {
  using Channels = FastChannels<kStride, kVectors>;
  const FusedBlockArgs& b = a.direct;
  FastRing<kStride> ring(b, a.scratch);
  const Channels block{a, ring, a.scratch + ring.floats()};
  const std::size_t block_weights =
      FastRing<kStride>::kPlanes * ring.channels() * kFastKernel * Channels::kVector;
  const int blocks = b.out_channels / static_cast<int>(Channels::kVector), groups = block.groups();
  kernels::PrefetchQueue ahead;
  ahead.clear();
  ahead.add(b.ahead.at, b.ahead.bytes);
  ahead.share_out(static_cast<std::size_t>((end - begin) * groups * FastParts<kStride>::kSums * blocks) /
                  (Policy::kWindow == 1 ? 2 : 1));
  const auto fast = [&](const float* const* rows, int row) {
    for (int o = 0; o < blocks; ++o) {
      const int channel = o * static_cast<int>(Channels::kVector);
      for (int first = 0; first < groups; first += kFastGroups) {
        const int last = std::min(first + kFastGroups, groups);
        block.add_products(rows, first, last, channel, a.weights + o * block_weights, ahead);
        block.template finish<Policy>(row, first, last, channel);
      }
    }
  };
  const auto direct = [&](int first, int last) {
    FusedBlockArgs args = b;
    args.ahead = {};
    run_channels_rows<Policy>(args, first, last);
  };
  run_fast_rows<Policy>(b, ring, begin, end, fast, direct);
}

template <class Policy, int kStride>
void run_fast_stride(const FastBlockArgs& a, int begin, int end) {
  if constexpr (!kManyRegisters) {
    if (fast_vectors(a.direct.out_channels) == 2) return run_fast<Policy, kStride, 2>(a, begin, end);
  }
  run_fast<Policy, kStride, 1>(a, begin, end);
}

template <class Policy>
void run_fast_channels(const FastBlockArgs& a, int begin, int end) {
  if (a.weights == nullptr) return run_channels_rows<Policy>(a.direct, begin, end);
  if constexpr (Policy::kWindow == 1) {  // no operator pools behind another stride
    if (a.direct.stride == 2) return run_fast_stride<Policy, 2>(a, begin, end);
  }
  run_fast_stride<Policy, 1>(a, begin, end);
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
