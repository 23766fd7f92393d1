// Which shapes the fast filters' kernels take, and how much memory they want; compiled once per instruction
// set.
#include "kernels/fused/fast_block_simd.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fast_block_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fast_channels-inl.hpp"
#include "kernels/fused/fast_rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS
int block_channels(const FusedBlockArgs& args, bool channel_lanes) {
  if (args.kernel != kFastKernel) return 0;
  if (!channel_lanes) return args.stride == 1 ? 1 : 0;  // stride 2 has no kernel here
  if (kLanes < 8 || args.out_channels % kLanes != 0 || (args.stride != 1 && args.stride != 2)) return 0;
  const int vectors = fast_vectors(args.out_channels);
  const int tiles = (args.conv_width + kFastOutputs - 1) / kFastOutputs;
  return tiles < (vectors == 2 ? kFastTiles<2> : kFastTiles<1>) ? 0 : vectors * kLanes;
}

std::size_t scratch(const FusedBlockArgs& args, bool channel_lanes) {
  const std::size_t ring = !channel_lanes     ? FastRowsRing(args, nullptr).floats()
                           : args.stride == 2 ? FastRing<2>(args, nullptr).floats()
                                              : FastRing<1>(args, nullptr).floats();
  return (ring + (channel_lanes ? FastParts<1>::kSums * kFastSumStep : 0) + 15) / 16 * 16;
}
#else
int block_channels(const FusedBlockArgs&, bool) { return 0; }
std::size_t scratch(const FusedBlockArgs&, bool) { return 0; }
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(block_channels);
HWY_EXPORT(scratch);

int fast_block_channels(const FusedBlockArgs& args, bool channel_lanes) {
  return HWY_DYNAMIC_DISPATCH(block_channels)(args, channel_lanes);
}
std::size_t fast_scratch(const FusedBlockArgs& args, bool channel_lanes) {
  return HWY_DYNAMIC_DISPATCH(scratch)(args, channel_lanes);
}

}  // namespace dsx::fused
#endif
