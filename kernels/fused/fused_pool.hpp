// One downsampling operator as the fused kernels know it: its arithmetic, compiled into each of them for the
// instruction set that this machine has (fused_pool-inl.hpp), and the few facts that sharing out the work
// needs. Whoever holds one need not know which operator it is.
#pragma once

#include "kernels/fused/fast_block_simd.hpp"
#include "kernels/fused/fast_train_simd.hpp"
#include "kernels/fused/fused_block_simd.hpp"
#include "kernels/fused/fused_train_simd.hpp"
#include "kernels/fused/int8_block_simd.hpp"

namespace dsx::fused {

struct FusedPool {
  int conv_stride = 1;  // of the convolution that it takes in
  int window = 2;       // rows and columns of the convolution for each value of dst; 1: nothing is pooled
  double flop = 0;      // for each value of dst
  int kept_words = 0;   // kept in training for a tile's row; 0: backward reads DST instead

  using Rows = void (*)(const FusedBlockArgs&, int begin, int end);
  // Rows [begin, end) of dst. row_lanes: lanes lie along the row, dst is [OC, DH, DW]. channel_lanes: lanes
  // are output channels, dst is [DH, DW, OC], or [OC, DH, DW] for args.dst_nchw.
  Rows row_lanes = nullptr, channel_lanes = nullptr;
  // The same by fast filters (fast_filter.hpp); the result of lanes that are channels is [DH, DW, OC].
  using FastRows = void (*)(const FastBlockArgs&, int begin, int end);
  FastRows fast_row_lanes = nullptr, fast_channel_lanes = nullptr;
  void (*train_forward)(const TrainForwardArgs&) = nullptr;  // stride 1 with pooling, K = 3 or 5
  void (*fast_train_forward)(const FastTrainForwardArgs&) = nullptr;
  FillStrip fill_strip = nullptr;
  // Over 8-bit integers, [DH, DW, OC]; null where these vectors have no such products.
  using Int8Rows = void (*)(const Int8BlockArgs&, int begin, int end);
  Int8Rows int8_channel_lanes = nullptr, int8_row_lanes = nullptr;  // the latter with pooling
};

// How an operator hands it over; null where none of these kernels can take it in. Call it only through
// fused_pool_for(), which first holds Highway to oneDNN's instruction set.
using FusedPoolMaker = FusedPool (*)();

// Nothing is pooled: behind the convolution of stride 1, and what a convolution of stride 2 leaves to do.
FusedPool unpooled();
FusedPool unpooled_stride2();

}  // namespace dsx::fused
