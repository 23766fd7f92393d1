// The vector arithmetic of packed_linear.cpp, compiled once per instruction set by Google Highway and chosen
// when the program runs.
#pragma once

#include <cstddef>

namespace dsx {

// Inputs are taken in chunks, so that a chunk of all images and of a block of outputs stays in the caches.
constexpr std::size_t kPackedLinearChunk = 512;

struct PackedLinearArgs {
  const float* src = nullptr;  // [images, inputs]
  int images = 0, outputs = 0;
  std::size_t inputs = 0;
  const void* weights = nullptr;  // as pack_linear_row() leaves them: f32, or bf16
  bool bf16 = false;
};

// Outputs that the kernel computes together; 0: no vectors that it was written for.
int packed_linear_block();
// Elements of the packed weights.
std::size_t packed_linear_packed_count(std::size_t inputs, int outputs);
// One output's weights [inputs] to their places in [chunk][block of outputs][vector of the chunk][output of
// the block] [lane], of which the rest stays zero. bf16: rounded; two vectors share their 32-bit lanes.
void pack_linear_row(const float* row, std::size_t inputs, int outputs, int output, bool bf16, void* to);

// Floats of scratch that sum_packed_linear() needs for `blocks` blocks of outputs.
std::size_t packed_linear_scratch(int images, int blocks);
// sums[image * stride + output] = sum over the inputs of chunks [first, last), for blocks [begin, end) of
// outputs.
void sum_packed_linear(const PackedLinearArgs& args, std::size_t first, std::size_t last, int begin, int end,
                       float* scratch, float* sums, std::size_t stride);

}  // namespace dsx
