// What the kernels of a block share beside their operator's arithmetic (fused_pool-inl.hpp), compiled once
// per instruction set.
#include "kernels/fused/fused_block_simd.hpp"

// Highway compiles this file once per target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_block_simd.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if !DOWNSCALEXR_FIXED_VECTORS
int channels_together(int) { return 1; }
#endif

void deinterleave(const float* from, float* to, int width, std::size_t count) {
  const int half = (width + 1) / 2;
  for (std::size_t row = 0; row < count; ++row, from += width, to += width) {
    int x = 0;
#if DOWNSCALEXR_FIXED_VECTORS
    const D d;
    for (; 2 * x + 2 * kLanes <= width; x += kLanes) {
      const V a = hn::LoadU(d, from + 2 * x), b = hn::LoadU(d, from + 2 * x + kLanes);
      hn::StoreU(hn::ConcatEven(d, b, a), d, to + x);
      hn::StoreU(hn::ConcatOdd(d, b, a), d, to + half + x);
    }
#endif
    for (; 2 * x < width; ++x) {
      to[x] = from[2 * x];
      if (2 * x + 1 < width) to[half + x] = from[2 * x + 1];
    }
  }
}

int lanes() { return kLanes; }
const char* target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

HWY_EXPORT(channels_together);
HWY_EXPORT(deinterleave);
HWY_EXPORT(lanes);
HWY_EXPORT(target);

int fused_block_channels(int out_channels) { return HWY_DYNAMIC_DISPATCH(channels_together)(out_channels); }
int fused_block_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }
const char* fused_block_target() { return HWY_DYNAMIC_DISPATCH(target)(); }
bool fused_channels_fit(int out_channels, int kernel) {
  const int lanes = fused_block_lanes();
  return lanes >= 8 && out_channels % lanes == 0 && (kernel == 3 || kernel == 5);
}
void deinterleave_rows(const float* from, float* to, int width, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(deinterleave)(from, to, width, count);
}

void limit_fused_block_isa(bool avx512, bool avx2) {
#if HWY_ARCH_X86
  std::int64_t disabled = 0;
  if (!avx512) disabled |= HWY_AVX3 | HWY_AVX3_DL;
  if (!avx2) disabled |= HWY_AVX2;
  if (disabled != 0) hwy::DisableTargets(disabled);
#else
  (void)avx512;
  (void)avx2;
#endif
}

}  // namespace dsx::fused
#endif
