// Compiles an operator into the fused kernels. An operator's own file includes this behind foreach_target.h
// and calls fused_pool_of<Policy>() in the namespace of each target. The policy:
//
//   static constexpr int kWindow = 2;        // FusedPool's
//   static constexpr double kFlop;           // for each value of dst
//   static V pool_rows(V upper, V lower);    // the convolution's values, before ReLU, row by row;
//   static V pool_columns(V left, V right);  // then what that gave for neighbouring columns: a value of dst
// and for training
//   using Kept = KeptBits;                   // or KeptValues (fused_kept-inl.hpp)
//   static Kept keep(const V (&rows)[2][2], V pooled);
//   static V unpool(V diff_dst);             // the part that each value gets, before what was kept decides
// and where it is the maximum, which 8-bit integers may take before they are rounded
//   static constexpr bool kMaximum = true;
//
// Rows come before columns since half as many values then cross lanes.
#if defined(DOWNSCALEXR_FUSED_POOL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_POOL_INL
#undef DOWNSCALEXR_FUSED_POOL_INL
#else
#define DOWNSCALEXR_FUSED_POOL_INL
#endif

#include "kernels/fused/fast_channels-inl.hpp"
#include "kernels/fused/fast_rows-inl.hpp"
#include "kernels/fused/fast_train_forward-inl.hpp"
#include "kernels/fused/fused_channels-inl.hpp"
#include "kernels/fused/fused_pool.hpp"
#include "kernels/fused/fused_rows-inl.hpp"
#include "kernels/fused/fused_train_forward-inl.hpp"
#include "kernels/fused/fused_train_strip-inl.hpp"
#include "kernels/fused/int8_channels-inl.hpp"
#include "kernels/fused/int8_rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS
template <class Policy>
FusedPool fused_pool_of(int conv_stride = 1) {
  FusedPool pool;
  pool.conv_stride = conv_stride;
  pool.window = Policy::kWindow;
  pool.flop = Policy::kFlop;
  pool.row_lanes = run_rows<Policy>;
  pool.channel_lanes = run_channels_rows<Policy>;
  pool.fast_row_lanes = run_fast_row_lanes<Policy>;
  pool.fast_channel_lanes = run_fast_channels<Policy>;
  pool.fill_strip = fill_strip<Policy>;
#if DOWNSCALEXR_INT8_VECTORS
  pool.int8_channel_lanes = run_int8_channels<Policy>;
  if constexpr (Policy::kWindow != 1) pool.int8_row_lanes = run_int8_rows<Policy>;
#endif
  if constexpr (Policy::kWindow != 1) {
    pool.kept_words = Policy::Kept::kWords;
    pool.train_forward = train_forward_image<Policy>;
    pool.fast_train_forward = fast_train_forward_image<Policy>;
  }
  return pool;
}
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
