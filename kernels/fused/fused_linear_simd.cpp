// A linear layer of many inputs and few outputs is its weights read from memory; so each pass reads them
// once. Forward sums with input features along the lanes, for tiles of images and outputs in registers.
// Backward takes a few blocks of input features, which stay in L1: the gradient of their source, then that of
// their weights, applied at once when the optimizer asked for it.
#include "kernels/fused/fused_linear_simd.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_linear_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_FIXED_VECTORS
std::size_t forward_floats(const LinearShape&) { return 0; }
void forward_blocks(const LinearShape&, const float*, const float*, int, int, float*, float*) {}
void backward_blocks(const LinearBackwardArgs&, int, int) {}
int blocks_together() { return 1; }
#else

constexpr int kVectorsOfBlock = kLinearBlock / kLanes;

// ---- forward

constexpr int kOutputs = kManyRegisters ? 8 : 4;  // of a tile
constexpr int kRows = kManyRegisters ? 3 : 2;     // images of a tile
constexpr int kChunkBlocks = 48;  // input blocks whose weights for a tile's outputs stay in L1

int tiles_of(const LinearShape& s) { return (s.out_features + kOutputs - 1) / kOutputs; }

std::size_t forward_floats(const LinearShape& s) {
  return static_cast<std::size_t>(s.batch) * tiles_of(s) * kOutputs * kLanes +
         static_cast<std::size_t>(kChunkBlocks) * kOutputs * kLinearBlock;
}

// sums [rows][kOutputs][lanes] += src * packed over `blocks` blocks. `ahead`: weights that the next chunk
// will read, a line for each block; tiles read them in jumps that no hardware foresees.
template <int kTileRows>
HWY_INLINE void forward_tile(const float* src, std::size_t in_features, const float* packed, int blocks,
                             std::size_t sums_step, float* sums, const float* ahead) {
  const D d;
  V sum[kTileRows][kOutputs];
  HWY_UNROLL(8)
  for (int n = 0; n < kTileRows; ++n) {
    HWY_UNROLL(8)
    for (int o = 0; o < kOutputs; ++o) sum[n][o] = hn::LoadU(d, sums + n * sums_step + o * kLanes);
  }
  for (int b = 0; b < blocks; ++b, src += kLinearBlock, packed += kOutputs * kLinearBlock) {
    __builtin_prefetch(ahead + b * kLinearBlock, 0, 2);
    HWY_UNROLL(4)
    for (int v = 0; v < kVectorsOfBlock; ++v) {
      V x[kTileRows];
      HWY_UNROLL(8)
      for (int n = 0; n < kTileRows; ++n)
        x[n] = in_register(hn::LoadU(d, src + n * in_features + v * kLanes));
      HWY_UNROLL(8)
      for (int o = 0; o < kOutputs; ++o) {
        const V w = in_register(hn::LoadU(d, packed + o * kLinearBlock + v * kLanes));
        HWY_UNROLL(8)
        for (int n = 0; n < kTileRows; ++n) sum[n][o] = hn::MulAdd(x[n], w, sum[n][o]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int n = 0; n < kTileRows; ++n) {
    HWY_UNROLL(8)
    for (int o = 0; o < kOutputs; ++o) hn::StoreU(sum[n][o], d, sums + n * sums_step + o * kLanes);
  }
}

// One tile's outputs of `blocks` blocks, side by side (their rows lie 8 KB apart, which L1 takes badly).
void pack_tile(const float* weights, std::size_t block_step, int blocks, float* packed) {
  const D d;
  for (int b = 0; b < blocks; ++b, weights += block_step) {
    for (int i = 0; i < kOutputs * kLinearBlock; i += kLanes, packed += kLanes)
      hn::StoreU(hn::LoadU(d, weights + i), d, packed);
  }
}

void forward_blocks(const LinearShape& s, const float* src, const float* weights, int begin, int end,
                    float* memory, float* partial) {
  const D d;
  const auto in_features = static_cast<std::size_t>(s.in_features);
  const std::size_t block_step = static_cast<std::size_t>(s.padded_out()) * kLinearBlock;
  const std::size_t sums_step = static_cast<std::size_t>(tiles_of(s)) * kOutputs * kLanes;  // of an image
  float* packed = memory + static_cast<std::size_t>(s.batch) * sums_step;
  std::fill_n(memory, static_cast<std::size_t>(s.batch) * sums_step, 0.F);
  for (int chunk = begin; chunk < end; chunk += kChunkBlocks) {
    const int blocks = std::min(kChunkBlocks, end - chunk);
    const float* next = weights + std::min(chunk + kChunkBlocks, end) * block_step;
    const float* last_line = weights + static_cast<std::size_t>(s.blocks()) * block_step - kLinearBlock;
    for (int t = 0; t < tiles_of(s); ++t) {
      pack_tile(weights + chunk * block_step + static_cast<std::size_t>(t) * kOutputs * kLinearBlock,
                block_step, blocks, packed);
      const float* x = src + static_cast<std::size_t>(chunk) * kLinearBlock;
      float* sums = memory + static_cast<std::size_t>(t) * kOutputs * kLanes;
      int n = 0;
      const auto step = [&] {
        const float* here = next;
        next = std::min(next + static_cast<std::size_t>(blocks) * kLinearBlock,
                        last_line - blocks * kLinearBlock);
        return here;
      };
      for (; n + kRows <= s.batch; n += kRows)
        forward_tile<kRows>(x + n * in_features, in_features, packed, blocks, sums_step, sums + n * sums_step,
                            step());
      for (; n < s.batch; ++n)
        forward_tile<1>(x + n * in_features, in_features, packed, blocks, sums_step, sums + n * sums_step,
                        step());
    }
  }
  for (int n = 0; n < s.batch; ++n) {
    for (int o = 0; o < s.out_features; ++o) {
      partial[static_cast<std::size_t>(n) * s.out_features + o] = hn::GetLane(
          hn::SumOfLanes(d, hn::LoadU(d, memory + n * sums_step + static_cast<std::size_t>(o) * kLanes)));
    }
  }
}

// ---- backward

constexpr int kBlocksTogether = kManyRegisters ? 3 : 1;
constexpr int kSourceRows = kManyRegisters ? 8 : 4;  // images whose source gradient is summed together
constexpr int kWeightRows = kManyRegisters ? 8 : 4;  // outputs whose weights' gradient is summed together

int blocks_together() { return kBlocksTogether; }

// The vector v of a group of blocks, in an array whose blocks lie `block_step` apart.
HWY_INLINE std::size_t vector_at(int v, std::size_t block_step) {
  return static_cast<std::size_t>(v / kVectorsOfBlock) * block_step +
         static_cast<std::size_t>(v % kVectorsOfBlock) * kLanes;
}

template <int kTileRows, int kVectors>
HWY_INLINE void source_tile(const LinearBackwardArgs& a, const float* weights, std::size_t block_step, int n,
                            std::size_t at) {
  const D d;
  const auto padded = static_cast<std::size_t>(a.shape.padded_out());
  const float* diff_dst = a.diff_dst + static_cast<std::size_t>(n) * padded;
  V sum[kTileRows][kVectors];
  HWY_UNROLL(8)
  for (int r = 0; r < kTileRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int o = 0; o < a.shape.out_features; ++o, weights += kLinearBlock) {
    V w[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) w[v] = hn::LoadU(d, weights + vector_at(v, block_step));
    HWY_UNROLL(8)
    for (int r = 0; r < kTileRows; ++r) {
      const V g = hn::Set(d, diff_dst[r * padded + o]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(g, w[v], sum[r][v]);
    }
  }
  float* to = a.diff_src + static_cast<std::size_t>(n) * a.shape.in_features + at;
  HWY_UNROLL(8)
  for (int r = 0; r < kTileRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      hn::StoreU(sum[r][v], d, to + static_cast<std::size_t>(r) * a.shape.in_features + v * kLanes);
  }
}

HWY_INLINE void apply(const kernels::SgdRule& rule, V gradient, float* weights, float* buffer) {
  const D d;
  const V w = hn::LoadU(d, weights), momentum = hn::Set(d, rule.momentum);
  const V g = hn::Add(gradient, hn::Mul(hn::Set(d, rule.weight_decay), w));
  const V v = hn::Add(hn::Mul(momentum, hn::LoadU(d, buffer)), g);
  hn::StoreU(v, d, buffer);
  const V step = rule.nesterov ? hn::Add(g, hn::Mul(momentum, v)) : v;
  hn::StoreU(hn::Sub(w, hn::Mul(hn::Set(d, rule.lr), step)), d, weights);
}

template <int kVectors>
HWY_INLINE void weight_tile(const LinearBackwardArgs& a, std::size_t offset, std::size_t block_step, int o,
                            std::size_t at) {
  const D d;
  const auto padded = static_cast<std::size_t>(a.shape.padded_out());
  const float* src = a.src + at;
  const float* diff_dst = a.diff_dst + o;
  V sum[kWeightRows][kVectors];
  HWY_UNROLL(8)
  for (int r = 0; r < kWeightRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int n = 0; n < a.shape.batch; ++n, src += a.shape.in_features, diff_dst += padded) {
    V x[kVectors];
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) x[v] = hn::LoadU(d, src + v * kLanes);
    HWY_UNROLL(8)
    for (int r = 0; r < kWeightRows; ++r) {
      const V g = hn::Set(d, diff_dst[r]);
      HWY_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(g, x[v], sum[r][v]);
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < kWeightRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      const std::size_t place =
          offset + static_cast<std::size_t>(o + r) * kLinearBlock + vector_at(v, block_step);
      if (a.buffer != nullptr) {
        apply(a.rule, sum[r][v], a.weights + place, a.buffer + place);
      } else {
        hn::StoreU(sum[r][v], d, a.diff_weights + place);
      }
    }
  }
}

template <int kBlocks>
void backward_group(const LinearBackwardArgs& a, int block) {
  constexpr int kVectors = kBlocks * kVectorsOfBlock;
  const auto& s = a.shape;
  const std::size_t block_step = static_cast<std::size_t>(s.padded_out()) * kLinearBlock;
  const std::size_t offset = static_cast<std::size_t>(block) * block_step;
  const std::size_t at = static_cast<std::size_t>(block) * kLinearBlock;
  int n = 0;
  for (; n + kSourceRows <= s.batch; n += kSourceRows)
    source_tile<kSourceRows, kVectors>(a, a.weights + offset, block_step, n, at);
  for (; n < s.batch; ++n) source_tile<1, kVectors>(a, a.weights + offset, block_step, n, at);
  // Outputs behind the last have gradient zero: their weights, zeros, stay zeros.
  int o = 0;
  for (; o < s.out_features; o += kWeightRows) weight_tile<kVectors>(a, offset, block_step, o, at);
  if (a.buffer != nullptr || o == s.padded_out()) return;
  for (int b = 0; b < kBlocks; ++b) {
    float* padding = a.diff_weights + offset + b * block_step;
    std::fill(padding + static_cast<std::size_t>(o) * kLinearBlock, padding + block_step, 0.F);
  }
}

void backward_blocks(const LinearBackwardArgs& a, int begin, int end) {
  int block = begin;
  for (; block + kBlocksTogether <= end; block += kBlocksTogether) backward_group<kBlocksTogether>(a, block);
  for (; block < end; ++block) backward_group<1>(a, block);
}
#endif

int lanes() { return kLanes; }

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(forward_floats);
HWY_EXPORT(forward_blocks);
HWY_EXPORT(backward_blocks);
HWY_EXPORT(blocks_together);
HWY_EXPORT(lanes);

std::size_t linear_forward_floats(const LinearShape& shape) {
  return HWY_DYNAMIC_DISPATCH(forward_floats)(shape);
}
void linear_forward_blocks(const LinearShape& shape, const float* src, const float* weights, int begin,
                           int end, float* memory, float* partial) {
  HWY_DYNAMIC_DISPATCH(forward_blocks)(shape, src, weights, begin, end, memory, partial);
}
void linear_backward_blocks(const LinearBackwardArgs& args, int begin, int end) {
  HWY_DYNAMIC_DISPATCH(backward_blocks)(args, begin, end);
}
int linear_blocks_together() { return HWY_DYNAMIC_DISPATCH(blocks_together)(); }
int linear_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

}  // namespace dsx::fused
#endif
