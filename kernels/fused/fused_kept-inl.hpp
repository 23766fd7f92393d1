// What the training forward pass keeps of a tile (two rows, two vectors of columns of the convolution) for
// the backward pass, in two forms: a bit for each value, or a number for each value.
//
// A form has: kWords, 32-bit words for a row of a tile; store(), both rows into the workspace; spread(), from
// a window's part of the gradient (in both its columns) to what each value of a row gets.
//
// Included once per vector target, as fused_sums-inl.hpp is.
#if defined(DOWNSCALEXR_FUSED_KEPT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_KEPT_INL
#undef DOWNSCALEXR_FUSED_KEPT_INL
#else
#define DOWNSCALEXR_FUSED_KEPT_INL
#endif

#include <cstring>

#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#if DOWNSCALEXR_FIXED_VECTORS

// Set where the value gets the whole part, clear where it gets nothing: a thirty-second of what storing the
// values costs.
struct KeptBits {
  static constexpr int kWords = 1;
  std::uint32_t upper, lower;

  HWY_INLINE void store(std::uint32_t* to, std::size_t row_step) const {
    to[0] = upper;
    to[row_step] = lower;
  }
  static HWY_INLINE void spread(const std::uint32_t* from, V left, V right, float* to) {
    const D d;
    const std::uint32_t bits = *from;
    hn::StoreU(hn::IfThenElseZero(mask_from(bits), left), d, to);
    hn::StoreU(hn::IfThenElseZero(mask_from(bits >> kLanes), right), d, to + kLanes);
  }

 private:
  static HWY_INLINE hn::Mask<D> mask_from(std::uint32_t bits) {
    std::uint8_t bytes[8];
    const auto word = static_cast<MaskWord>(bits);
    std::memcpy(bytes, &word, sizeof word);
    return hn::LoadMaskBits(D(), bytes);
  }
};

// What the part is multiplied with, as float32.
struct KeptValues {
  static constexpr int kWords = 2 * kLanes;
  V rows[2][2];

  HWY_INLINE void store(std::uint32_t* to, std::size_t row_step) const {
    const hn::RebindToUnsigned<D> words;
    for (const auto& row : rows) {
      hn::StoreU(hn::BitCast(words, row[0]), words, to);
      hn::StoreU(hn::BitCast(words, row[1]), words, to + kLanes);
      to += row_step;
    }
  }
  static HWY_INLINE void spread(const std::uint32_t* from, V left, V right, float* to) {
    const D d;
    const hn::RebindToUnsigned<D> words;
    hn::StoreU(hn::Mul(left, hn::BitCast(d, hn::LoadU(words, from))), d, to);
    hn::StoreU(hn::Mul(right, hn::BitCast(d, hn::LoadU(words, from + kLanes))), d, to + kLanes);
  }
};

// Bit l of the result: lane l of `low`; then the lanes of `high`.
HWY_INLINE std::uint32_t bits_of(hn::Mask<D> low, hn::Mask<D> high) {
  const D d;
  std::uint8_t bytes[2][8];
  hn::StoreMaskBits(d, low, bytes[0]);
  hn::StoreMaskBits(d, high, bytes[1]);
  MaskWord l, h;
  std::memcpy(&l, bytes[0], sizeof l);
  std::memcpy(&h, bytes[1], sizeof h);
  return l | static_cast<std::uint32_t>(h) << kLanes;
}

// Where ReLU let a value pass.
HWY_INLINE KeptBits kept_where_positive(const V (&rows)[2][2]) {
  const V zero = hn::Zero(D());
  return {bits_of(hn::Gt(rows[0][0], zero), hn::Gt(rows[0][1], zero)),
          bits_of(hn::Gt(rows[1][0], zero), hn::Gt(rows[1][1], zero))};
}

// Which lanes of a vector with a value for each window of a tile go to the tile's two vectors of columns.
struct ColumnLanes {
  using Indices = decltype(hn::IndicesFromVec(D(), hn::Iota(hn::RebindToUnsigned<D>(), 0)));
  Indices left, right;
};
HWY_INLINE ColumnLanes column_lanes() {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const auto pair = hn::ShiftRight<1>(hn::Iota(du, 0));
  return {hn::IndicesFromVec(d, pair), hn::IndicesFromVec(d, hn::Add(pair, hn::Set(du, kLanes / 2)))};
}

#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
