#include "bench/machine/machine_kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <array>
#include <iterator>
#include <numeric>

namespace dsx::bench {

namespace {

// Twelve accumulators hide the latency of two FMA units (4 to 5 cycles) and fit AVX2's 16 registers.
constexpr int kRepeats = 2000, kAmxRepeats = kRepeats / 4;

// Plain vectors of 4 floats: what every compiler maps to SSE2 or NEON. Multiply and add are separate there.
using Float4 = float __attribute__((vector_size(16)));

void fma_portable() {
  std::array<Float4, 8> sums{};
  Float4 a{0.5F, 0.5F, 0.5F, 0.5F}, b{1, 2, 3, 4};
  for (int i = 0; i < kRepeats; ++i) {
    __asm__ volatile("" : "+m"(a), "+m"(b));
    for (auto& sum : sums) sum = sum * a + b;
  }
  for (auto& sum : sums) __asm__ volatile("" ::"m"(sum));
}

float read_portable(const float* from, std::size_t count) {
  std::array<Float4, 8> sums{};
  for (std::size_t i = 0; i < count; i += 32) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += *reinterpret_cast<const Float4*>(from + i + 4 * k);
  }
  for (std::size_t k = 1; k < 8; ++k) sums[0] += sums[k];
  return sums[0][0] + sums[0][1] + sums[0][2] + sums[0][3];
}
void write_portable(float* to, std::size_t count, float value) {
  const Float4 v{value, value, value, value};
  for (std::size_t i = 0; i < count; i += 4) {
    *reinterpret_cast<Float4*>(to + i) = v;
    __asm__ volatile("" ::: "memory");  // or it becomes a call of memset
  }
}
void copy_portable(float* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 4) {
    *reinterpret_cast<Float4*>(to + i) = *reinterpret_cast<const Float4*>(from + i);
    __asm__ volatile("" ::: "memory");
  }
}

#if defined(__x86_64__)

#define DSX_AVX2 __attribute__((target("avx2,fma")))
#define DSX_AVX512 __attribute__((target("avx512f")))
#define DSX_BF16 __attribute__((target("avx512f,avx512bf16")))

DSX_AVX2 void fma_avx2() {
  __m256 s[12];
  const __m256 a = _mm256_set1_ps(0.5F), b = _mm256_set1_ps(1.0F);
#pragma GCC unroll 12
  for (auto& x : s) x = b;
  for (int i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 12
    for (auto& x : s) {
      x = _mm256_fmadd_ps(x, a, b);
      __asm__ volatile("" : "+x"(x));  // keeps the chain as it is written
    }
  }
}

// Before FMA: a multiplication and an addition, on ports of their own, in chains of their own.
__attribute__((target("avx"))) void fma_avx() {
  __m256 s[6], p[6];
  const __m256 a = _mm256_set1_ps(0.5F), b = _mm256_set1_ps(1.0F);
#pragma GCC unroll 6
  for (int k = 0; k < 6; ++k) s[k] = p[k] = b;
  for (int i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 6
    for (int k = 0; k < 6; ++k) {
      s[k] = _mm256_add_ps(s[k], a);
      p[k] = _mm256_mul_ps(p[k], b);
      __asm__ volatile("" : "+x"(s[k]), "+x"(p[k]));
    }
  }
}

DSX_AVX512 void fma_avx512() {
  __m512 s[12];
  const __m512 a = _mm512_set1_ps(0.5F), b = _mm512_set1_ps(1.0F);
#pragma GCC unroll 12
  for (auto& x : s) x = b;
  for (int i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 12
    for (auto& x : s) {
      x = _mm512_fmadd_ps(x, a, b);
      __asm__ volatile("" : "+v"(x));
    }
  }
}

DSX_BF16 void fma_bf16() {
  __m512 s[16];
  const __m512i ones = _mm512_set1_epi32(0x3f803f80);  // pairs of 1.0 in bf16
  const auto a = reinterpret_cast<const __m512bh&>(ones);
#pragma GCC unroll 16
  for (auto& x : s) x = _mm512_setzero_ps();
  for (int i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 16
    for (auto& x : s) {
      x = _mm512_dpbf16_ps(x, a, a);
      __asm__ volatile("" : "+v"(x));
    }
  }
}

// Four tile accumulators of 16 x 16 floats, each step 16 x 16 x 32 bf16 products.
__attribute__((target("amx-tile,amx-bf16"))) void fma_amx() {
  struct alignas(64) Config {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t bytes_per_row[16] = {};
    std::uint8_t rows[16] = {};
  } config;
  for (int tile = 0; tile < 6; ++tile) {
    config.bytes_per_row[tile] = 64;
    config.rows[tile] = 16;
  }
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  for (int i = 0; i < kAmxRepeats; ++i) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_release();
}

// Linux gives a process the tile registers only when it asks.
bool may_use_amx() {
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned a = 0, b = 0, c = 0, d = 0;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  const bool has_amx_bf16 = (d >> 22 & 1) != 0 && (d >> 24 & 1) != 0;
  return has_amx_bf16 && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

bool has_avx512_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(1));
  return __builtin_cpu_supports("avx512f") && (a >> 5 & 1) != 0;
}

DSX_AVX2 float read_avx2(const float* from, std::size_t count) {
  __m256 s[8];
#pragma GCC unroll 8
  for (auto& x : s) x = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 64) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) s[k] = _mm256_add_ps(s[k], _mm256_load_ps(from + i + 8 * k));
  }
  for (int k = 1; k < 8; ++k) s[0] = _mm256_add_ps(s[0], s[k]);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, s[0]);
  return std::accumulate(std::begin(lanes), std::end(lanes), 0.0F);
}
DSX_AVX2 void write_avx2(float* to, std::size_t count, float value) {
  const __m256 v = _mm256_set1_ps(value);
  for (std::size_t i = 0; i < count; i += 32) {
    _mm256_store_ps(to + i, v);
    _mm256_store_ps(to + i + 8, v);
    _mm256_store_ps(to + i + 16, v);
    _mm256_store_ps(to + i + 24, v);
    __asm__ volatile("" ::: "memory");
  }
}
DSX_AVX2 void copy_avx2(float* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 32) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) _mm256_store_ps(to + i + 8 * k, _mm256_load_ps(from + i + 8 * k));
    __asm__ volatile("" ::: "memory");
  }
}

DSX_AVX512 float read_avx512(const float* from, std::size_t count) {
  __m512 s[8];
#pragma GCC unroll 8
  for (auto& x : s) x = _mm512_setzero_ps();
  for (std::size_t i = 0; i < count; i += 128) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) s[k] = _mm512_add_ps(s[k], _mm512_load_ps(from + i + 16 * k));
  }
  for (int k = 1; k < 8; ++k) s[0] = _mm512_add_ps(s[0], s[k]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, s[0]);
  return std::accumulate(std::begin(lanes), std::end(lanes), 0.0F);
}
DSX_AVX512 void write_avx512(float* to, std::size_t count, float value) {
  const __m512 v = _mm512_set1_ps(value);
  for (std::size_t i = 0; i < count; i += 64) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) _mm512_store_ps(to + i + 16 * k, v);
    __asm__ volatile("" ::: "memory");
  }
}
DSX_AVX512 void copy_avx512(float* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 64) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) _mm512_store_ps(to + i + 16 * k, _mm512_load_ps(from + i + 16 * k));
    __asm__ volatile("" ::: "memory");
  }
}

bool has_avx512() { return __builtin_cpu_supports("avx512f") != 0; }
bool has_avx2() { return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0; }

// oneDNN's instruction sets are sets of bits: a later one holds those of the ones before it.
bool covers(dnnl::cpu_isa allowed, dnnl::cpu_isa wanted) {
  const auto bits = static_cast<unsigned>(allowed), wanted_bits = static_cast<unsigned>(wanted);
  return allowed == dnnl::cpu_isa::isa_default || (bits & wanted_bits) == wanted_bits;
}

std::string limit_note(const std::string& unused) {
  return " (oneDNN is limited by ONEDNN_MAX_CPU_ISA; this CPU has " + unused + ")";
}

#endif

}  // namespace

FmaKernel f32_fma_kernel([[maybe_unused]] dnnl::cpu_isa allowed) {
#if defined(__x86_64__)
  const bool avx512 = has_avx512(), avx2 = has_avx2(), avx = __builtin_cpu_supports("avx") != 0;
  if (avx512 && covers(allowed, dnnl::cpu_isa::avx512_core))
    return {"avx512f fma", 2.0 * 12 * 16 * kRepeats, fma_avx512};
  const std::string limited = avx512 ? limit_note("avx512f") : avx2 ? limit_note("avx2") : limit_note("avx");
  if (avx2 && covers(allowed, dnnl::cpu_isa::avx2))
    return {"avx2 fma" + (avx512 ? limited : ""), 2.0 * 12 * 8 * kRepeats, fma_avx2};
  if (avx && covers(allowed, dnnl::cpu_isa::avx))
    return {"avx multiply and add" + (avx2 ? limited : ""), 2.0 * 6 * 8 * kRepeats, fma_avx};
  return {"128-bit multiply and add" + (avx ? limited : ""), 2.0 * 8 * 4 * kRepeats, fma_portable};
#else
  return {"128-bit multiply and add", 2.0 * 8 * 4 * kRepeats, fma_portable};
#endif
}

FmaKernel bf16_fma_kernel([[maybe_unused]] dnnl::cpu_isa allowed) {
#if defined(__x86_64__)
  const bool amx = covers(allowed, dnnl::cpu_isa::avx512_core_amx) && may_use_amx();
  if (amx) return {"amx tdpbf16ps", 2.0 * 16 * 16 * 32 * 4 * kAmxRepeats, fma_amx};
  if (has_avx512_bf16() && covers(allowed, dnnl::cpu_isa::avx512_core_bf16))
    return {"avx512_bf16 dpbf16ps", 2.0 * 16 * 32 * kRepeats, fma_bf16};
  if (has_avx512_bf16()) return {"not available" + limit_note("avx512_bf16"), 0, nullptr};
#endif
  return {"not available: this CPU has neither avx512_bf16 nor amx_bf16", 0, nullptr};
}

StreamKernels stream_kernels([[maybe_unused]] dnnl::cpu_isa allowed) {
#if defined(__x86_64__)
  if (has_avx512() && covers(allowed, dnnl::cpu_isa::avx512_core))
    return {"avx512f", read_avx512, write_avx512, copy_avx512};
  if (has_avx2() && covers(allowed, dnnl::cpu_isa::avx2)) return {"avx2", read_avx2, write_avx2, copy_avx2};
#endif
  return {"128-bit", read_portable, write_portable, copy_portable};
}

double multiply_latency_cycles() {
#if defined(__x86_64__)
  return 3;
#else
  return 0;
#endif
}

void multiply_chain(std::uint64_t steps) {
#if defined(__x86_64__)
  std::uint64_t x = 3;
  for (std::uint64_t i = 0; i < steps; i += 8) {
    __asm__ volatile(
        "imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
        "imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0\n"
        : "+r"(x));
  }
#else
  (void)steps;
#endif
}

}  // namespace dsx::bench
