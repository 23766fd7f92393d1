// The vector arithmetic of packed_linear.cpp, in two ways, each compiled once per instruction set by Google
// Highway and chosen when the program runs.
#pragma once

#include <cstddef>

namespace dsx::fused {

struct PackedLinearArgs {
  const float* src = nullptr;  // [images, inputs]
  int images = 0, outputs = 0;
  std::size_t inputs = 0;
  const void* weights = nullptr;  // as `pack_chunk` leaves them: f32, or bf16
  bool bf16 = false;
  bool finite = true;  // the weights: else 0 times a weight may be NaN, and no input is skipped
};

// A way of summing. Weights are packed as [chunk of inputs][block of outputs][a tile], of which what lies
// outside stays zero; the order within a tile is the way's own.
struct PackedLinearWay {
  const char* name;           // within a kernel's `impl`: "skips_zeros:", "" for the plain one
  std::size_t chunk;          // inputs that are taken together
  int parts;                  // of the inputs, for any number of threads: what the threads share
  int (*block)(int outputs);  // outputs of a block; 0: no vectors that this was written for
  // The weights `values` [outputs][chunk] of a chunk's first `count` inputs to the chunk's tiles. bf16:
  // rounded.
  void (*pack_chunk)(const float* values, std::size_t count, int outputs, bool bf16, void* tiles);
  // Floats of scratch that `sum` needs for `blocks` blocks of outputs.
  std::size_t (*scratch)(int images, int outputs, int blocks);
  // sums[image * stride + output] = sum over the inputs of chunks [first, last), for blocks [begin, end).
  void (*sum)(const PackedLinearArgs& args, std::size_t first, std::size_t last, int begin, int end,
              float* scratch, float* sums, std::size_t stride);
};

// Inputs that are taken together. Dense: a chunk of all images and of a block of outputs stays in the caches.
constexpr std::size_t kDenseChunk = 512;
// Their weights for 128 outputs are 32 KiB.
constexpr std::size_t kSkipZerosChunk = 64;
// At most so many images in one call of `sum`: more would push their sums out of the cache.
constexpr int kPackedLinearImages = 64;

// Every product, with inputs along the lanes.
const PackedLinearWay& packed_linear_dense();
// Inputs that are 0 are left out (behind a ReLU and pooling, a quarter to two thirds of them); outputs along
// the lanes.
const PackedLinearWay& packed_linear_skips_zeros();

}  // namespace dsx::fused
