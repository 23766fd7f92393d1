// What the vector arithmetic of int8_block.cpp is given, and what it asks of the machine. The arithmetic is
// compiled once per instruction set into each operator's file (fused_pool.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace dsx::fused {

struct Int8BlockArgs {
  const std::uint8_t* src = nullptr;  // [H, W, IC] of one image
  // channel lanes: [OC / lanes][K][quads][lanes][4], a quad being four neighbouring bytes of a kernel row's
  // K * IC; row lanes: [6][2][7 quads][4], as int8_rows-inl.hpp says. Zeros fill up.
  const std::int8_t* weights = nullptr;
  const float *factors = nullptr, *bias = nullptr;  // [OC], filled up to whole vectors of channels
  float inverse = 1;                                // of dst's scale
  std::uint8_t* dst = nullptr;                      // [DH, DW, OC] of one image
  std::uint8_t* scratch = nullptr;                  // row lanes: int8_rows_scratch() bytes, the thread's own
  int in_channels = 0, height = 0, width = 0;
  int out_channels = 0, kernel = 0, stride = 1;
  int conv_width = 0;  // columns of the convolution
  int dst_height = 0, dst_width = 0;
  bool vnni = false;  // else weights keep to 7 bits
};

// Four bytes of a kernel row of `bytes`, at least 4: the last quad ends with the row, so that reading stays
// inside it; what the quad before it has is not counted again.
constexpr int int8_quads(int bytes) { return (bytes + 3) / 4; }
constexpr int int8_quad_at(int bytes, int quad) { return 4 * quad + 4 <= bytes ? 4 * quad : bytes - 4; }

// Row lanes: so many output channels at most, 5x5, and one channel of source.
constexpr int kInt8RowChannels = 6;
constexpr std::size_t kInt8RowWeights = std::size_t{2} * 7 * 4;  // bytes of a channel
// Four bytes for each column, and what vectors read behind the last one, rounded up to a cache line.
constexpr std::size_t int8_rows_plane(int width) {
  return (4 * static_cast<std::size_t>(width) + 16 + 63) / 64 * 64;
}
constexpr std::size_t int8_rows_scratch(int width) { return 3 * int8_rows_plane(width); }

}  // namespace dsx::fused
