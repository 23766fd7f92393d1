// Sums of products of 8-bit integers, u8 times s8 in s32, for the vector target that Highway is compiling: in
// each 32-bit lane the products of four neighbouring bytes are added to a sum.
//
//   with VNNI      vpdpbusd: 4 products a lane in one instruction, exact for all u8 and s8
//   without it     vpmaddubsw, vpmaddwd by ones, vpaddd: pairs are added in 16 bits, which saturate; weights
//                  of 7 bits, -64 to 64, keep them inside (2 * 255 * 64 = 32640), so that sums are exact, too
//
// Highway 1.0 has no name for either (SumOfMulQuadAccumulate came with 1.1, and Debian 12 has 1.0.3): the two
// functions here are the only place where an instruction stands in its own words. As text for the assembler
// they need no target of their own, so AVX-512 and AVX-VNNI share the kernels of Highway's AVX3 and AVX2.
#if defined(DOWNSCALEXR_INT8_DOT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DOWNSCALEXR_INT8_DOT_INL
#undef DOWNSCALEXR_INT8_DOT_INL
#else
#define DOWNSCALEXR_INT8_DOT_INL
#endif

#include <cstdint>
#include <cstring>

#include "kernels/fused/fused_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dsx::fused::HWY_NAMESPACE {
namespace {

#undef DOWNSCALEXR_INT8_VECTORS
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2 && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
#define DOWNSCALEXR_INT8_VECTORS 1

using DI = hn::ScalableTag<std::int32_t>;
using VI = hn::Vec<DI>;

// sum + the four products of each lane. NOLINTBEGIN(hicpp-no-assembler)
template <bool kVnni>
HWY_INLINE VI add_dots(VI sum, VI bytes, VI weights) {
  if constexpr (kVnni) {
#if HWY_TARGET <= HWY_AVX3
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(bytes.raw), "vm"(weights.raw));
#else
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.raw) : "x"(bytes.raw), "xm"(weights.raw));
#endif
    return sum;
  } else {
    const hn::Repartition<std::int16_t, DI> pairs;
    hn::Vec<decltype(pairs)> sums;
#if HWY_TARGET <= HWY_AVX3
    asm("vpmaddubsw %2, %1, %0" : "=v"(sums.raw) : "v"(bytes.raw), "vm"(weights.raw));
#else
    asm("vpmaddubsw %2, %1, %0" : "=x"(sums.raw) : "x"(bytes.raw), "xm"(weights.raw));
#endif
    VI unused = sum;
    return hn::ReorderWidenMulAccumulate(DI(), sums, hn::Set(pairs, 1), sum, unused);
  }
}
// NOLINTEND(hicpp-no-assembler)

// Four bytes, wherever they lie, in every lane.
HWY_INLINE VI four_bytes(const std::uint8_t* at) {
  std::int32_t four;
  std::memcpy(&four, at, sizeof(four));
  return hn::Set(DI(), four);
}
HWY_INLINE VI load_bytes(const void* at) { return hn::LoadU(DI(), static_cast<const std::int32_t*>(at)); }
#else
#define DOWNSCALEXR_INT8_VECTORS 0
#endif

}  // namespace
}  // namespace dsx::fused::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
