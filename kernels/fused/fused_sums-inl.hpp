// The sums that our forward and backward kernels share, for the vector target that Highway is compiling: two
// rows and two vectors of columns of a stride-1 correlation, for a block of output channels, all in
// registers. Each source vector is used for the whole block, each weight for two vectors.
//
// Include guards by target: Highway compiles the including file once for each (foreach_target.h).
#if defined(DOWNSCALEXR_FUSED_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_FUSED_SUMS_INL
#undef DOWNSCALEXR_FUSED_SUMS_INL
#else
#define DOWNSCALEXR_FUSED_SUMS_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#undef DOWNSCALEXR_FIXED_VECTORS
#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#define DOWNSCALEXR_FIXED_VECTORS 0
constexpr int kLanes = 0;  // vectors of unknown length cannot be kept in arrays
#else
#define DOWNSCALEXR_FIXED_VECTORS 1
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
// 32 registers hold 24 sums, 2 sources, a weight; 16 hold 12.
constexpr bool kManyRegisters = kLanes >= 16;

// Output channels computed together: sums for four vectors of each.
constexpr int kWideBlock = kManyRegisters ? 6 : 3, kNarrowBlock = kManyRegisters ? 4 : 2;
inline int channels_together(int channels) { return channels % kWideBlock == 0 ? kWideBlock : kNarrowBlock; }

// As many bits as Highway writes and reads for a mask: a wider access would wait for memory.
using MaskWord = std::conditional_t<kLanes == 16, std::uint16_t, std::uint8_t>;

// Loaded once: the compiler would fold an unaligned load into each multiplication that uses it, and the load
// ports, not the multipliers, would set the pace.
HWY_INLINE V in_register(V v) {
#if HWY_ARCH_X86 && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
  asm("" : "+v"(v.raw));  // NOLINT(hicpp-no-assembler): emits nothing
#endif
  return v;
}

// A value for each window of two rows and two vectors of columns.
template <class Policy>
HWY_INLINE V pool(const V (&rows)[2][2]) {
  const D d;
  const V left = Policy::pool_rows(rows[0][0], rows[1][0]);
  const V right = Policy::pool_rows(rows[0][1], rows[1][1]);
  return Policy::pool_columns(hn::ConcatEven(d, right, left), hn::ConcatOdd(d, right, left));
}

// The first source value of a window, and the steps to the next channel and row, in floats.
struct Planes {
  const float* at;
  std::size_t channel_step, row_step;
  int channels;
};

// kUpper, kLower: which of the two output rows this source row belongs to.
template <int kKernel, int kBlock, bool kUpper, bool kLower>
HWY_INLINE void add_row(const float* source, const float* w0, const float* w1, V (&sum)[kBlock][2][2]) {
  const D d;
  // Not unrolled: the compiler would keep weights of several kw as scalars, and broadcasting a register takes
  // the port of a multiplication, which broadcasting from memory does not.
  HWY_UNROLL(1)
  for (int kw = 0; kw < kKernel; ++kw) {
    const V s0 = hn::LoadU(d, source + kw), s1 = hn::LoadU(d, source + kw + kLanes);
    if (kUpper) {
      HWY_UNROLL(8)
      for (int o = 0; o < kBlock; ++o) {
        const V w = hn::Set(d, w0[kw * kBlock + o]);
        sum[o][0][0] = hn::MulAdd(w, s0, sum[o][0][0]);
        sum[o][0][1] = hn::MulAdd(w, s1, sum[o][0][1]);
      }
    }
    if (kLower) {
      HWY_UNROLL(8)
      for (int o = 0; o < kBlock; ++o) {
        const V w = hn::Set(d, w1[kw * kBlock + o]);
        sum[o][1][0] = hn::MulAdd(w, s0, sum[o][1][0]);
        sum[o][1][1] = hn::MulAdd(w, s1, sum[o][1][1]);
      }
    }
  }
}

// sum[o][r][v] += sum over channels c, kernel rows kh and columns kw of weights[c][kh][kw][o] * source[c][r +
// kh][v * lanes + lane + kw]. weights: [channels, K, K, block].
template <int kKernel, int kBlock>
HWY_INLINE void add_products(const Planes& planes, const float* weights, V (&sum)[kBlock][2][2]) {
  constexpr std::size_t kRow = static_cast<std::size_t>(kKernel) * kBlock;
  for (int c = 0; c < planes.channels; ++c) {
    const float* source = planes.at + static_cast<std::size_t>(c) * planes.channel_step;
    const float* w = weights + static_cast<std::size_t>(c) * kKernel * kRow;
    add_row<kKernel, kBlock, true, false>(source, w, w, sum);
    for (int r = 1; r < kKernel; ++r) {
      add_row<kKernel, kBlock, true, true>(source + static_cast<std::size_t>(r) * planes.row_step,
                                           w + r * kRow, w + (r - 1) * kRow, sum);
    }
    add_row<kKernel, kBlock, false, true>(source + static_cast<std::size_t>(kKernel) * planes.row_step, w,
                                          w + (kKernel - 1) * kRow, sum);
  }
}
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
