#include "bench/machine/narrow_read.hpp"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "bench/machine/rate.hpp"
#include "bench/measure/measure.hpp"
#include "kernels/onednn/context.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dsx::bench {

namespace {

// The sum over groups keeps the loads from being left out; four sums hide the latency of adding.
using ReadGroups = float (*)(const float* from, std::size_t groups, int channels);

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float narrow_avx512(const float* from, std::size_t groups, int channels) {
  __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
  for (int first = 0; first < channels; first += 16) {
    const int left = channels - first;
    const auto mask = static_cast<__mmask16>(left >= 16 ? 0xffff : (1U << left) - 1);
    const float* at = from + first;
    for (std::size_t g = 0; g + 4 <= groups; g += 4, at += 4 * channels) {
      a += _mm512_maskz_loadu_ps(mask, at);
      b += _mm512_maskz_loadu_ps(mask, at + channels);
      c += _mm512_maskz_loadu_ps(mask, at + 2 * channels);
      d += _mm512_maskz_loadu_ps(mask, at + 3 * channels);
    }
  }
  const __m512 sum = a + b + c + d;
  return sum[0] + sum[15];
}

__attribute__((target("avx2"))) float narrow_avx2(const float* from, std::size_t groups, int channels) {
  __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
  for (int first = 0; first < channels; first += 8) {
    const __m256i mask =
        _mm256_cmpgt_epi32(_mm256_set1_epi32(channels - first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const float* at = from + first;
    for (std::size_t g = 0; g + 4 <= groups; g += 4, at += 4 * channels) {
      a += _mm256_maskload_ps(at, mask);
      b += _mm256_maskload_ps(at + channels, mask);
      c += _mm256_maskload_ps(at + 2 * channels, mask);
      d += _mm256_maskload_ps(at + 3 * channels, mask);
    }
  }
  const __m256 sum = a + b + c + d;
  return sum[0] + sum[7];
}
#endif

float narrow_portable(const float* from, std::size_t groups, int channels) {
  float sum = 0;
  for (std::size_t i = 0; i < groups * static_cast<std::size_t>(channels); ++i) sum += from[i];
  return sum;
}

// As wide as oneDNN's own kernels may be (ONEDNN_MAX_CPU_ISA).
ReadGroups reader() {
#if defined(__x86_64__)
  const auto isa = kernels::onednn_info().effective_isa;
  if (isa.find("avx512") != std::string::npos) return narrow_avx512;
  if (isa.find("avx2") != std::string::npos) return narrow_avx2;
#endif
  return narrow_portable;
}

}  // namespace

double narrow_read_gbps(int channels, double bytes, int threads, int repeats) {
  const auto read = reader();
  const auto groups = std::max<std::size_t>(
      64, static_cast<std::size_t>(bytes / static_cast<double>(threads) / (4.0 * channels)));
  const std::size_t floats = groups * static_cast<std::size_t>(channels);
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::vector<std::unique_ptr<float, Free>> pieces(static_cast<std::size_t>(threads));
  volatile float sink = 0;
  std::vector<int> cpus(static_cast<std::size_t>(threads), -1);
  int team = 0;
  // Short passes are repeated within one sample, as the clock's own cost would show.
  const int passes = std::max(1, static_cast<int>(4e6 / (4.0 * static_cast<double>(floats))));
  const auto read_all = [&] {
#pragma omp parallel num_threads(threads)
    {
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      auto& piece = pieces[thread];
      if (!piece) {
        piece.reset(static_cast<float*>(std::aligned_alloc(4096, (floats * 4 + 4159) / 4096 * 4096)));
        if (piece) std::memset(piece.get(), 0, floats * 4);
      }
      // An exception must not leave a parallel region: without memory nothing is read, and thrown below.
      float most = 0;
      for (int pass = 0; piece && pass < passes; ++pass) most += read(piece.get(), groups, channels);
      cpus[thread] = sched_getcpu();
#pragma omp critical
      {
        sink = sink + most;
        team = omp_get_num_threads();
      }
    }
  };
  read_all();  // makes the pieces
  for (int thread = 0; thread < team; ++thread) {
    if (!pieces[static_cast<std::size_t>(thread)]) throw std::bad_alloc();
  }
  return measure_rate({.repeats = repeats},
                      [&]() -> RateSample {
                        const double ns = time_once_ns(read_all);
                        return {4 * static_cast<double>(floats) * team * passes / ns, on_own_cpus(cpus)};
                      })
      .best;
}

}  // namespace dsx::bench
