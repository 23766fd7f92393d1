// The policy of no operator: the convolution and its ReLU alone.
#include "kernels/fused/fused_pool.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fused/fused_pool.cpp"
#include <hwy/foreach_target.h>
// After it: compiled once per target.
#include "kernels/fused/fused_pool-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS
struct Unpooled {
  static constexpr int kWindow = 1;
  static constexpr double kFlop = 0;
};
FusedPool make(int conv_stride) { return fused_pool_of<Unpooled>(conv_stride); }
#else
FusedPool make(int) { return {}; }
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace dsx::fused {

namespace {
HWY_EXPORT(make);
}

FusedPool unpooled() { return HWY_DYNAMIC_DISPATCH(make)(1); }
FusedPool unpooled_stride2() { return HWY_DYNAMIC_DISPATCH(make)(2); }

}  // namespace dsx::fused
#endif
