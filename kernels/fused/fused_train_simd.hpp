// The vector arithmetic of fused_train.cpp, one image at a time, compiled once per instruction set by Google
// Highway and chosen when the program runs. Nothing here allocates or shares work out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dsx::fused {

// One image of a block. C: channels of the source, O: of the convolution; CH, CW: rows and columns of the
// convolution before pooling; DH, DW: of the destination (CH, CW when nothing pools).
struct TrainBlockShape {
  int in_channels = 0, height = 0, width = 0;
  int out_channels = 0, kernel = 0, stride = 1;
  int conv_height = 0, conv_width = 0;
  int dst_height = 0, dst_width = 0;
  int window = 2;  // FusedPool's
};

// What the forward pass keeps for the backward pass, in a form that the operator chooses
// (fused_kept-inl.hpp): [O, 2 * DH, tiles, kept_words] words; a tile is two vectors of columns, the last one
// may overlap the one before it.
int train_tiles(const TrainBlockShape& shape);

struct TrainForwardArgs {
  TrainBlockShape shape;
  const float* src = nullptr;      // [C, H, W]
  const float* weights = nullptr;  // [O / block, C, K, K, block], zero-padded to whole blocks
  const float* bias = nullptr;     // [O], zero-padded to whole blocks
  float* dst = nullptr;            // [O, DH, DW]
  std::uint32_t* kept = nullptr;
};
// A thread's own memory for backward_image(), in floats: all zero before the first call, and left alone
// between calls.
struct TrainScratch {
  float* conv_gradient = nullptr;  // strips of the convolution's gradient
  float* sums = nullptr;           // a vector for each weight
  float* source = nullptr;         // stride 2: strips of the source, even columns before odd ones
};
struct TrainScratchSizes {
  std::size_t conv_gradient = 0, sums = 0, source = 0;
};
TrainScratchSizes train_scratch_sizes(const TrainBlockShape& shape);

// How a strip of the convolution's gradient lies in memory: [O rounded up, rows, step], data from column
// `left` on, zeros around it.
struct TrainStrip {
  int channels, rows, left, step;
};

struct TrainBackwardArgs;
// Rows [first, first + count) of the convolution's gradient; see fused_train_strip-inl.hpp.
using FillStrip = void (*)(const TrainBackwardArgs&, const TrainStrip&, const TrainScratch&, int first,
                           int count, int own_begin, int own_end);

struct TrainBackwardArgs {
  TrainBlockShape shape;
  const float* src = nullptr;           // [C, H, W]
  const float* dst = nullptr;           // [O, DH, DW]: without pooling it tells where ReLU let pass
  const std::uint32_t* kept = nullptr;  // with pooling
  FillStrip fill_strip = nullptr;
  const float* diff_dst = nullptr;  // [O, DH, DW]
  const float* weights = nullptr;   // pack_train_weights(); unused without diff_src
  float* diff_weights = nullptr;    // [O, C, K, K], this image's
  float* diff_bias = nullptr;       // [O], this image's
  float* diff_src = nullptr;        // [C, H, W], or null
};
void train_backward_image(const TrainBackwardArgs& args, const TrainScratch& scratch);

// oihw -> what backward to the source reads: [C / block, O, K, K, block] with the kernel turned around for
// stride 1, as it is for stride 2. `to` holds whole blocks and is zero where no channel is.
void pack_train_weights(const TrainBlockShape& shape, const float* weights, float* to);

}  // namespace dsx::fused
