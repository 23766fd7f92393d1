// From the sums of a convolution over 8-bit integers to u8, operator included, in f32 vectors:
//   q = nearest(min(max(factor * sum + bias, 0) * inverse, 255)), ties to even; then the operator on q's
// A maximum is taken of the sums, since q never falls where a sum rises (factors are positive): one rounding
// for four sums instead of four. Other operators get the q's themselves and their result is rounded again.
// Both are what the primitives do one after the other, bit by bit.
#if defined(DOWNSCALEXR_INT8_RESCALE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_INT8_RESCALE_INL
#undef DOWNSCALEXR_INT8_RESCALE_INL
#else
#define DOWNSCALEXR_INT8_RESCALE_INL
#endif

#include "kernels/fused/int8_dot-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_INT8_VECTORS

// Policies that say so (fused_pool-inl.hpp).
template <class Policy>
concept IsMaximum = requires {
  Policy::kMaximum;
};

// Of one vector of sums.
struct Rescale {
  V factor, bias, inverse;

  // Not rounded, not bounded below where the operator's own ReLU follows.
  HWY_INLINE V scaled(VI sum) const {
    const D d;
    return hn::Min(hn::Mul(hn::Add(hn::Mul(hn::ConvertTo(d, sum), factor), bias), inverse),
                   hn::Set(d, 255.F));
  }
  HWY_INLINE VI nearest(V value) const { return hn::NearestInt(hn::Max(value, hn::Zero(D()))); }
  HWY_INLINE V rounded(VI sum) const { return hn::ConvertTo(D(), hn::NearestInt(scaled(sum))); }

  // A value of dst in each lane; `sums` are those of a window's rows and columns.
  template <class Policy>
  HWY_INLINE VI pooled(VI upper_left, VI upper_right, VI lower_left, VI lower_right) const {
    if constexpr (IsMaximum<Policy>) {
      return nearest(scaled(hn::Max(hn::Max(upper_left, upper_right), hn::Max(lower_left, lower_right))));
    } else {
      const V left = Policy::pool_rows(rounded(upper_left), rounded(lower_left));
      const V right = Policy::pool_rows(rounded(upper_right), rounded(lower_right));
      return nearest(Policy::pool_columns(left, right));
    }
  }
};

// Lanes of 0 to 255 as bytes.
using Bytes = hn::Vec<hn::Rebind<std::uint8_t, DI>>;
HWY_INLINE Bytes bytes_of(VI values) { return hn::DemoteTo(hn::Rebind<std::uint8_t, DI>(), values); }

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
