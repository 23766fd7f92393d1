// Lanes are neighbouring inputs, so that the source needs no packing: for a few images and a few outputs, all
// products of a chunk of inputs are summed in registers. Weights stream from memory once: while one block's
// are used for all images, the next block's are prefetched.
#include "kernels/fused/packed_linear_simd.hpp"

#include <algorithm>
#include <cstdint>

#include "kernels/onednn/bf16.hpp"
#include "kernels/onednn/prefetch.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/packed_linear_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
int block_outputs() { return 0; }
int vector_lanes() { return 1; }
std::size_t scratch_floats(int, int) { return 0; }
void sum(const PackedLinearArgs&, std::size_t, std::size_t, int, int, float*, float*, std::size_t) {}
#else

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
constexpr int kOutputs = 6;
// 32 registers hold 24 sums, 4 sources, weights; 16 hold 12.
constexpr int kImages = kLanes >= 16 ? 4 : 2;
constexpr std::size_t kVectors = kDenseChunk / kLanes;       // of a chunk
constexpr std::size_t kTile = kVectors * kOutputs * kLanes;  // weights of a block in a chunk
// Blocks that the images go through one after another: a few images' inputs and the blocks' weights stay in
// L1.
constexpr int kBlocks = 3;

int block_outputs() { return kOutputs; }
int vector_lanes() { return kLanes; }
std::size_t scratch_floats(int images, int blocks) {
  const int groups = (images + kImages - 1) / kImages;
  return static_cast<std::size_t>(groups) * blocks * kImages * kOutputs * kLanes + kBlocks * kTile;
}

// Adds `vectors` vectors of inputs, the last of them only `last_lanes` wide, for kRows images.
template <int kRows>
HWY_INLINE void add_products(const float* HWY_RESTRICT src, std::size_t src_stride,
                             const float* HWY_RESTRICT weights, std::size_t vectors, std::size_t last_lanes,
                             const char* ahead, int lines, bool first, float* HWY_RESTRICT sums) {
  const D d;
  V sum[kRows][kOutputs];
  HWY_UNROLL(4)
  for (int n = 0; n < kRows; ++n) {
    HWY_UNROLL(6)
    for (int o = 0; o < kOutputs; ++o)
      sum[n][o] = first ? hn::Zero(d) : hn::Load(d, sums + (n * kOutputs + o) * kLanes);
  }
  const auto add = [&](const V(&x)[kRows]) HWY_ATTR {
    HWY_UNROLL(6)
    for (int o = 0; o < kOutputs; ++o) {
      const V w = hn::Load(d, weights + o * kLanes);
      HWY_UNROLL(4)
      for (int n = 0; n < kRows; ++n) sum[n][o] = hn::MulAdd(x[n], w, sum[n][o]);
    }
  };
  const std::size_t whole = last_lanes == kLanes ? vectors : vectors - 1;
  for (std::size_t i = 0; i < whole; ++i, src += kLanes, weights += kOutputs * kLanes) {
    V x[kRows];
    HWY_UNROLL(4)
    for (int n = 0; n < kRows; ++n) x[n] = hn::LoadU(d, src + n * src_stride);
    for (int line = 0; line < lines; ++line, ahead += kernels::kCacheLineBytes)
      __builtin_prefetch(ahead, 0, 2);
    add(x);
  }
  if (whole < vectors) {
    const auto inside = hn::FirstN(d, last_lanes);
    V x[kRows];
    HWY_UNROLL(4)
    for (int n = 0; n < kRows; ++n) x[n] = hn::MaskedLoad(inside, d, src + n * src_stride);
    add(x);
  }
  HWY_UNROLL(4)
  for (int n = 0; n < kRows; ++n) {
    HWY_UNROLL(6)
    for (int o = 0; o < kOutputs; ++o) hn::Store(sum[n][o], d, sums + (n * kOutputs + o) * kLanes);
  }
}

// A tile of bf16 weights as floats: the low half of each 32-bit lane is one vector, the high half the next.
void expand(const std::uint16_t* from, float* to) {
  const hn::RebindToUnsigned<D> du;
  for (std::size_t i = 0; i < kTile; i += 2 * kLanes) {
    const auto pair = hn::LoadU(du, reinterpret_cast<const std::uint32_t*>(from + i));
    __builtin_prefetch(reinterpret_cast<const char*>(from + i) + 4096, 0, 2);
    hn::Store(hn::ShiftLeft<16>(pair), du, reinterpret_cast<std::uint32_t*>(to + i));
    hn::Store(hn::And(pair, hn::Set(du, 0xffff0000U)), du, reinterpret_cast<std::uint32_t*>(to + i + kLanes));
  }
}

void sum(const PackedLinearArgs& a, std::size_t first, std::size_t last, int begin, int end, float* scratch,
         float* sums, std::size_t stride) {
  const D d;
  const int groups = (a.images + kImages - 1) / kImages, blocks = (a.outputs + kOutputs - 1) / kOutputs;
  float* expanded = scratch;
  float* accumulators = scratch + kBlocks * kTile;
  // A part without chunks, of few inputs, still has its sums.
  if (first == last) std::fill_n(accumulators, scratch_floats(a.images, end - begin) - kBlocks * kTile, 0.0F);
  // A tile is 6 lines per vector of inputs: spread over the passes that read the present one.
  const int lines = std::max(
      1, (kOutputs * kLanes * static_cast<int>(a.bf16 ? 2 : 4) / static_cast<int>(kernels::kCacheLineBytes) +
          groups - 1) /
             groups);
  for (std::size_t chunk = first; chunk < last; ++chunk) {
    const std::size_t at = chunk * kDenseChunk, count = std::min(kDenseChunk, a.inputs - at);
    const std::size_t vectors = (count + kLanes - 1) / kLanes, last_lanes = count - (vectors - 1) * kLanes;
    for (int block = begin; block < end; block += kBlocks) {
      const int here = std::min(kBlocks, end - block);
      const std::size_t tile = (chunk * blocks + block) * kTile, tiles = here * kTile;
      const float* weights = static_cast<const float*>(a.weights) + tile;
      const char* ahead = reinterpret_cast<const char*>(weights + tiles);
      if (a.bf16) {
        const auto* packed = static_cast<const std::uint16_t*>(a.weights) + tile;
        for (int b = 0; b < here; ++b) expand(packed + b * kTile, expanded + b * kTile);
        weights = expanded;
        ahead = reinterpret_cast<const char*>(packed + tiles);
      }
      for (int n = 0; n < a.images; n += kImages) {
        const float* src = a.src + static_cast<std::size_t>(n) * a.inputs + at;
        const int rows = std::min(kImages, a.images - n);
        const bool fresh = chunk == first;
        for (int b = 0; b < here; ++b, ahead += vectors * lines * kernels::kCacheLineBytes) {
          const float* w = weights + b * kTile;
          float* to = accumulators + (static_cast<std::size_t>(block + b - begin) * groups + n / kImages) *
                                         kImages * kOutputs * kLanes;
          if (rows == 4) add_products<4>(src, a.inputs, w, vectors, last_lanes, ahead, lines, fresh, to);
          if (rows == 3) add_products<3>(src, a.inputs, w, vectors, last_lanes, ahead, lines, fresh, to);
          if (rows == 2) add_products<2>(src, a.inputs, w, vectors, last_lanes, ahead, lines, fresh, to);
          if (rows == 1) add_products<1>(src, a.inputs, w, vectors, last_lanes, ahead, lines, fresh, to);
        }
      }
    }
  }
  for (int block = begin; block < end; ++block) {
    for (int n = 0; n < a.images; ++n) {
      const float* from =
          accumulators +
          ((static_cast<std::size_t>(block - begin) * groups + n / kImages) * kImages + n % kImages) *
              kOutputs * kLanes;
      for (int o = 0; o < kOutputs && block * kOutputs + o < a.outputs; ++o)
        sums[n * stride + block * kOutputs + o] =
            hn::GetLane(hn::SumOfLanes(d, hn::Load(d, from + o * kLanes)));
    }
  }
}
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {
namespace {

HWY_EXPORT(sum);
HWY_EXPORT(block_outputs);
HWY_EXPORT(vector_lanes);
HWY_EXPORT(scratch_floats);

int block_of(int /*outputs*/) { return HWY_DYNAMIC_DISPATCH(block_outputs)(); }

// A tile is [vector of the chunk][output of the block][lane]; of bf16, two vectors share their 32-bit lanes.
void pack_chunk(const float* values, std::size_t count, int outputs, bool bf16, void* to) {
  const auto block = static_cast<std::size_t>(block_of(outputs));
  const auto lanes = static_cast<std::size_t>(HWY_DYNAMIC_DISPATCH(vector_lanes)());
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    const std::size_t tile = o / block * kDenseChunk * block;
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t vector = k / lanes * block + o % block, lane = k % lanes;
      const float value = values[o * kDenseChunk + k];
      if (bf16) {
        // Pairs of vectors: the first in the low halves of 32-bit lanes.
        static_cast<std::uint16_t*>(to)[tile + vector / 2 * 2 * lanes + 2 * lane + vector % 2] =
            kernels::to_bf16(value);
      } else {
        static_cast<float*>(to)[tile + vector * lanes + lane] = value;
      }
    }
  }
}

std::size_t scratch_of(int images, int /*outputs*/, int blocks) {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(images, blocks);
}
void sum_of(const PackedLinearArgs& args, std::size_t first, std::size_t last, int begin, int end,
            float* scratch, float* sums, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(sum)(args, first, last, begin, end, scratch, sums, stride);
}

}  // namespace

const PackedLinearWay& packed_linear_dense() {
  static const PackedLinearWay way{"", kDenseChunk, 4, block_of, pack_chunk, scratch_of, sum_of};
  return way;
}

}  // namespace dsx::fused
#endif
