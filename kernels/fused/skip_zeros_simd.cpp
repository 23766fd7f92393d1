// Lanes are neighbouring outputs: an input's weights for all of them lie side by side, so an input that is 0
// costs neither reading nor arithmetic. For one image, that saves memory traffic; for many, multiplications,
// over a chunk of weights that stays in L1.
#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/fused/packed_linear_simd.hpp"
#include "kernels/onednn/bf16.hpp"
#include "kernels/onednn/prefetch.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/skip_zeros_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_FIXED_VECTORS
int block_outputs(int) { return 0; }
std::size_t scratch_floats(int, int, int) { return 0; }
void sum(const PackedLinearArgs&, std::size_t, std::size_t, int, int, float*, float*, std::size_t) {}
#else

// A word has a bit for each input of a chunk.
static_assert(kSkipZerosChunk == 64);
constexpr int kMostVectors = 8;  // of a block: as many sums hide the latency of a multiply-add
// With fewer images the next chunk is not fetched ahead: too much of it would not be needed.
constexpr int kImagesToPrefetch = 7;

int vectors_of_block(int outputs) {
  const int vectors = (outputs + kLanes - 1) / kLanes, blocks = (vectors + kMostVectors - 1) / kMostVectors;
  return (vectors + blocks - 1) / blocks;
}
int block_outputs(int outputs) { return vectors_of_block(outputs) * kLanes; }

std::size_t scratch_floats(int images, int outputs, int blocks) {
  const int block = block_outputs(outputs);
  return static_cast<std::size_t>(block) * (static_cast<std::size_t>(images) * blocks + kSkipZerosChunk);
}

// Bit i: whether input i of `count` takes part. A NaN does.
std::uint64_t not_zero(const float* src, int count) {
  const D d;
  std::uint64_t bits = 0;
  for (int i = 0; i < count; i += kLanes) {
    const V x =
        count - i >= kLanes ? hn::LoadU(d, src + i) : hn::MaskedLoad(hn::FirstN(d, count - i), d, src + i);
    MaskWord zeros[8 / sizeof(MaskWord)];  // StoreMaskBits may write 8 bytes
    hn::StoreMaskBits(d, hn::Eq(x, hn::Zero(d)), reinterpret_cast<std::uint8_t*>(zeros));
    const std::uint64_t inside = (std::uint64_t{1} << kLanes) - 1;
    bits |= (~std::uint64_t{zeros[0]} & inside) << i;
  }
  return bits;
}

// A row of bf16 weights as floats.
void expand(const std::uint16_t* from, int count, float* to) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<std::uint16_t, D> dh;
  for (int i = 0; i < count; i += kLanes) {
    const auto wide = hn::PromoteTo(du, hn::LoadU(dh, from + i));
    hn::StoreU(hn::ShiftLeft<16>(wide), du, reinterpret_cast<std::uint32_t*>(to + i));
  }
}

// Memory that is fetched into L2 on the way, `step` bytes further with each row: all at once would hold up
// the rows themselves.
struct Ahead {
  const char* at;
  std::size_t step;
};

// sums += the products of one image's inputs that `bits` names.
template <int kVectors>
HWY_INLINE void add_rows(const float* HWY_RESTRICT src, std::uint64_t bits, const float* HWY_RESTRICT weights,
                         bool first, float* HWY_RESTRICT sums, Ahead& ahead) {
  const D d;
  V sum[kVectors];
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) sum[v] = first ? hn::Zero(d) : hn::LoadU(d, sums + v * kLanes);
  for (; bits != 0; bits &= bits - 1, ahead.at += ahead.step) {
    const auto i = hwy::Num0BitsBelowLS1Bit_Nonzero64(bits);
    const V x = hn::Set(d, src[i]);
    const float* row = weights + i * kVectors * kLanes;
    __builtin_prefetch(ahead.at, 0, 2);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::MulAdd(x, hn::LoadU(d, row + v * kLanes), sum[v]);
  }
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[v], d, sums + v * kLanes);
}

template <int kVectors>
void sum_blocks(const PackedLinearArgs& a, std::size_t first, std::size_t last, int begin, int end,
                float* scratch) {
  constexpr int kBlock = kVectors * kLanes;
  constexpr std::size_t kTile = kSkipZerosChunk * kBlock;
  const std::size_t tile_bytes = kTile * (a.bf16 ? 2 : 4);
  const int blocks = (a.outputs + kBlock - 1) / kBlock;
  float* expanded = scratch;
  float* sums = scratch + kTile;  // [block][image][kBlock]
  // A part without chunks, of few inputs, still has its sums.
  if (first == last) std::fill_n(sums, static_cast<std::size_t>(a.images) * (end - begin) * kBlock, 0.0F);
  std::array<std::uint64_t, kPackedLinearImages> bits;
  for (std::size_t chunk = first; chunk < last; ++chunk) {
    const std::size_t at = chunk * kSkipZerosChunk;
    const int count = static_cast<int>(std::min<std::size_t>(kSkipZerosChunk, a.inputs - at));
    std::uint64_t any = 0;
    std::size_t rows = 0;
    for (int n = 0; n < a.images; ++n) {
      bits[n] = a.finite ? not_zero(a.src + n * a.inputs + at, count)
                         : ~std::uint64_t{0} >> (kSkipZerosChunk - count);
      any |= bits[n];
      rows += hwy::PopCount(bits[n]);
    }
    const std::size_t step =
        a.images < kImagesToPrefetch
            ? 0
            : std::min(kernels::kCacheLineBytes, tile_bytes / std::max(rows, std::size_t{1}) + 1);
    for (int block = begin; block < end; ++block) {
      const char* tile = static_cast<const char*>(a.weights) + (chunk * blocks + block) * tile_bytes;
      const auto* weights = reinterpret_cast<const float*>(tile);
      if (a.bf16) {
        const auto* packed = reinterpret_cast<const std::uint16_t*>(tile);
        for (std::uint64_t rest = any; rest != 0; rest &= rest - 1) {
          const auto i = hwy::Num0BitsBelowLS1Bit_Nonzero64(rest);
          expand(packed + i * kBlock, kBlock, expanded + i * kBlock);
        }
        weights = expanded;
      }
      Ahead ahead{tile + tile_bytes, step};
      for (int n = 0; n < a.images; ++n) {
        add_rows<kVectors>(a.src + n * a.inputs + at, bits[n], weights, chunk == first,
                           sums + (static_cast<std::size_t>(block - begin) * a.images + n) * kBlock, ahead);
      }
    }
  }
}

void sum(const PackedLinearArgs& a, std::size_t first, std::size_t last, int begin, int end, float* scratch,
         float* sums, std::size_t stride) {
  using Sum = decltype(&sum_blocks<1>);
  constexpr Sum kSums[] = {sum_blocks<1>, sum_blocks<2>, sum_blocks<3>, sum_blocks<4>,
                           sum_blocks<5>, sum_blocks<6>, sum_blocks<7>, sum_blocks<8>};
  kSums[vectors_of_block(a.outputs) - 1](a, first, last, begin, end, scratch);
  const int block = block_outputs(a.outputs);
  const float* from = scratch + kSkipZerosChunk * block;
  for (int b = begin; b < end; ++b) {
    for (int n = 0; n < a.images; ++n, from += block)
      std::copy_n(from, std::min(block, a.outputs - b * block), sums + n * stride + b * block);
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
HWY_EXPORT(scratch_floats);

int block_of(int outputs) { return HWY_DYNAMIC_DISPATCH(block_outputs)(outputs); }

// A tile is [input of the chunk][output of the block].
void pack_chunk(const float* values, std::size_t count, int outputs, bool bf16, void* to) {
  const auto block = static_cast<std::size_t>(block_of(outputs));
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    const std::size_t tile = o / block * kSkipZerosChunk * block + o % block;
    for (std::size_t k = 0; k < count; ++k) {
      const float value = values[o * kSkipZerosChunk + k];
      if (bf16) {
        static_cast<std::uint16_t*>(to)[tile + k * block] = kernels::to_bf16(value);
      } else {
        static_cast<float*>(to)[tile + k * block] = value;
      }
    }
  }
}

std::size_t scratch_of(int images, int outputs, int blocks) {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(images, outputs, blocks);
}
void sum_of(const PackedLinearArgs& args, std::size_t first, std::size_t last, int begin, int end,
            float* scratch, float* sums, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(sum)(args, first, last, begin, end, scratch, sums, stride);
}

}  // namespace

const PackedLinearWay& packed_linear_skips_zeros() {
  static const PackedLinearWay way{"skips_zeros:", kSkipZerosChunk, 16,    block_of,
                                   pack_chunk,     scratch_of,      sum_of};
  return way;
}

}  // namespace dsx::fused
#endif
