// u8 [N, I] times s8 [O, I] -> s32 [N, O]: N * O * I multiply-adds, 4 in each lane of an instruction (64 with
// AVX-512). Lanes are neighbouring inputs, so that the source needs no packing and no output is padding:
//
//   for each chunk of 1024 inputs                      weights of all outputs: O KiB, read once, in order
//     for each block of 6 outputs (AVX2: 4)            6 KiB of weights, in L1
//       for each 4 images (AVX2: 2)                    24 vectors of sums in registers
//         for each vector of inputs                    4 loads of source, 6 of weights, 24 dot products
//
// Between chunks the sums' vectors wait in memory (N * O * 64 bytes); at the end each is added up across its
// lanes. With one image all of this is reading I * O bytes of weights, 11.4 MB for the study's fc1, which
// stream from memory: every line of the next block is prefetched while the present one is used.
#include "kernels/fused/int8_linear_simd.hpp"

#include <algorithm>

#include "kernels/onednn/prefetch.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/int8_linear_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/int8_dot-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_INT8_VECTORS
int lanes() { return 0; }
int block_outputs() { return 1; }
std::size_t memory_bytes(int, int) { return 0; }
void add_up(const Int8LinearArgs&, std::size_t, std::size_t, std::byte*, std::int32_t*) {}
#else

constexpr int kBytes = 4 * kLanes;  // inputs of a vector
// 32 registers hold 24 sums, 4 sources, a weight; 16 hold 8 and what dot products without VNNI need.
constexpr int kOutputs = kManyRegisters ? 6 : 4, kImages = kManyRegisters ? 4 : 2;
constexpr std::size_t kTile = kInt8Chunk * kOutputs;  // bytes of a block's weights in a chunk
constexpr std::size_t kSums = static_cast<std::size_t>(kImages) * kOutputs * kLanes;  // of a tile

int lanes() { return kLanes; }
int block_outputs() { return kOutputs; }
std::size_t groups_of(int images) { return static_cast<std::size_t>((images + kImages - 1) / kImages); }
std::size_t blocks_of(int outputs) { return static_cast<std::size_t>((outputs + kOutputs - 1) / kOutputs); }
std::size_t memory_bytes(int images, int outputs) {
  return groups_of(images) * blocks_of(outputs) * kSums * sizeof(std::int32_t);
}

// A block's part of a chunk.
struct Tile {
  const std::uint8_t* src;
  std::size_t src_stride, inputs;  // at most kInt8Chunk
  const std::int8_t* weights;
  bool ahead, fresh;  // prefetch the next tile's weights; sums begin here
};

template <bool kVnni, int kRows>
HWY_INLINE void add_vector(const VI (&x)[kRows], const std::int8_t* weights, VI (&sum)[kRows][kOutputs]) {
  HWY_UNROLL(6)
  for (int o = 0; o < kOutputs; ++o) {
    const VI w = load_bytes(weights + o * kBytes);
    HWY_UNROLL(4)
    for (int n = 0; n < kRows; ++n) sum[n][o] = add_dots<kVnni>(sum[n][o], x[n], w);
  }
}

template <bool kVnni, int kRows>
void add_tile(const Tile& tile, std::int32_t* HWY_RESTRICT sums) {
  const DI d;
  VI sum[kRows][kOutputs];
  HWY_UNROLL(4)
  for (int n = 0; n < kRows; ++n) {
    HWY_UNROLL(6)
    for (int o = 0; o < kOutputs; ++o)
      sum[n][o] = tile.fresh ? hn::Zero(d) : hn::LoadU(d, sums + (n * kOutputs + o) * kLanes);
  }
  const std::int8_t* weights = tile.weights;
  std::size_t i = 0;
  for (; i + kBytes <= tile.inputs; i += kBytes, weights += kOutputs * kBytes) {
    VI x[kRows];
    HWY_UNROLL(4)
    for (int n = 0; n < kRows; ++n) x[n] = load_bytes(tile.src + n * tile.src_stride + i);
    for (std::size_t at = 0; tile.ahead && at < kOutputs * kBytes; at += kernels::kCacheLineBytes)
      __builtin_prefetch(weights + kTile + at, 0, 2);
    add_vector<kVnni, kRows>(x, weights, sum);
  }
  if (i < tile.inputs) {  // reading stays inside the source
    HWY_ALIGN std::uint8_t rest[kRows][kBytes] = {};
    VI x[kRows];
    for (int n = 0; n < kRows; ++n) {
      std::memcpy(rest[n], tile.src + n * tile.src_stride + i, tile.inputs - i);
      x[n] = load_bytes(rest[n]);
    }
    add_vector<kVnni, kRows>(x, weights, sum);
  }
  HWY_UNROLL(4)
  for (int n = 0; n < kRows; ++n) {
    HWY_UNROLL(6)
    for (int o = 0; o < kOutputs; ++o) hn::StoreU(sum[n][o], d, sums + (n * kOutputs + o) * kLanes);
  }
}

template <bool kVnni>
void add_chunk(const Int8LinearArgs& a, std::size_t chunk, bool fresh, std::int32_t* memory) {
  const std::size_t at = chunk * kInt8Chunk, blocks = blocks_of(a.outputs);
  Tile tile{nullptr, a.inputs, std::min(kInt8Chunk, a.inputs - at), nullptr, false, fresh};
  for (std::size_t block = 0; block < blocks; ++block) {
    tile.weights = a.weights + (chunk * blocks + block) * kTile;
    for (int n = 0; n < a.images; n += kImages, memory += kSums) {
      tile.src = a.src + static_cast<std::size_t>(n) * a.inputs + at;
      tile.ahead = n == 0;
      const int rows = std::min(kImages, a.images - n);
      if constexpr (kImages == 4) {
        if (rows == 4) add_tile<kVnni, 4>(tile, memory);
        if (rows == 3) add_tile<kVnni, 3>(tile, memory);
      }
      if (rows == 2) add_tile<kVnni, 2>(tile, memory);
      if (rows == 1) add_tile<kVnni, 1>(tile, memory);
    }
  }
}

void add_up(const Int8LinearArgs& a, std::size_t first, std::size_t last, std::byte* memory,
            std::int32_t* sums) {
  const DI d;
  auto* vectors = reinterpret_cast<std::int32_t*>(memory);
  const std::size_t groups = groups_of(a.images);
  if (first == last) std::memset(memory, 0, memory_bytes(a.images, a.outputs));
  for (std::size_t chunk = first; chunk < last; ++chunk)
    (a.vnni ? add_chunk<true> : add_chunk<false>)(a, chunk, chunk == first, vectors);
  for (int o = 0; o < a.outputs; ++o) {
    for (int n = 0; n < a.images; ++n) {
      const std::int32_t* from =
          vectors + (static_cast<std::size_t>(o / kOutputs) * groups + n / kImages) * kSums;
      sums[static_cast<std::size_t>(n) * a.outputs + o] = hn::GetLane(
          hn::SumOfLanes(d, hn::LoadU(d, from + (n % kImages * kOutputs + o % kOutputs) * kLanes)));
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

HWY_EXPORT(lanes);
HWY_EXPORT(block_outputs);
HWY_EXPORT(memory_bytes);
HWY_EXPORT(add_up);

std::size_t outputs_together() { return static_cast<std::size_t>(HWY_DYNAMIC_DISPATCH(block_outputs)()); }

}  // namespace

std::size_t int8_linear_chunk_bytes(int outputs) {
  const std::size_t block = outputs_together();
  return (static_cast<std::size_t>(outputs) + block - 1) / block * block * kInt8Chunk;
}

// [block of outputs][vector of inputs][output of the block][input of the vector]
void int8_linear_pack_chunk(const std::int8_t* values, std::size_t count, int outputs, std::int8_t* to) {
  const std::size_t block = outputs_together(), vector = 4 * static_cast<std::size_t>(int8_lanes());
  std::memset(to, 0, int8_linear_chunk_bytes(outputs));
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    std::int8_t* at = to + o / block * block * kInt8Chunk + o % block * vector;
    for (std::size_t k = 0; k < count; k += vector, at += block * vector)
      std::memcpy(at, values + o * kInt8Chunk + k, std::min(vector, count - k));
  }
}

std::size_t int8_linear_memory(int images, int outputs) {
  return HWY_DYNAMIC_DISPATCH(memory_bytes)(images, outputs);
}
void int8_linear_sums(const Int8LinearArgs& args, std::size_t first, std::size_t last, std::byte* memory,
                      std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(add_up)(args, first, last, memory, sums);
}
int int8_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

}  // namespace dsx::fused
#endif
