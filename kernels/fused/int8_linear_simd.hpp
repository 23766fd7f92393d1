// The vector arithmetic of int8_linear.cpp, compiled once per instruction set by Google Highway and chosen
// when the program runs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dsx::fused {

// Inputs that are taken together: their weights for a block of outputs stay in L1 while all images use them.
constexpr std::size_t kInt8Chunk = 1024;
// At most so many images in one call: more would push their sums out of the cache.
constexpr int kInt8Images = 64;

struct Int8LinearArgs {
  const std::uint8_t* src = nullptr;  // [images, inputs]
  int images = 0, outputs = 0;
  std::size_t inputs = 0;
  const std::int8_t* weights = nullptr;  // as int8_linear_pack_chunk() leaves them
  bool vnni = false;                     // else weights keep to 7 bits
};

// Bytes of a chunk's packed weights; the weights `values` [outputs][kInt8Chunk] of its first `count` inputs
// to there, zeros elsewhere.
std::size_t int8_linear_chunk_bytes(int outputs);
void int8_linear_pack_chunk(const std::int8_t* values, std::size_t count, int outputs, std::int8_t* to);

// Bytes of memory that a call needs.
std::size_t int8_linear_memory(int images, int outputs);

// sums [images, outputs]: of the inputs of chunks [first, last), at most 64 of them: 2^16 products of 255 and
// 127 fit into s32.
void int8_linear_sums(const Int8LinearArgs& args, std::size_t first, std::size_t last, std::byte* memory,
                      std::int32_t* sums);

// 32-bit lanes of its vectors; 0: none that this was written for.
int int8_lanes();

}  // namespace dsx::fused
