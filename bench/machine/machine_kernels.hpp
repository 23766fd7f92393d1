// The small loops that find a machine's limits, one version per instruction set, chosen when the program
// runs: the binary stays portable. GCC's and Clang's target attributes do that without another library. Only
// instructions that oneDNN may use count (ONEDNN_MAX_CPU_ISA): a kernel is measured against what it could
// reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <string>
#include <vector>

namespace dsx::bench {

// Independent fused multiply-adds in registers.
struct FmaKernel {
  std::string name;      // "avx512f fma", "avx512_bf16 dpbf16ps", "amx tdpbf16ps"
  double flop_per_call;  // multiply and add count as two
  void (*run)();         // some microseconds
};
// The fastest that this CPU has and `allowed` covers; `run` is null, and `name` the reason, where there is
// none. The name says when oneDNN's limit decided.
FmaKernel f32_fma_kernel(dnnl::cpu_isa allowed = dnnl::get_effective_cpu_isa());
FmaKernel bf16_fma_kernel(dnnl::cpu_isa allowed = dnnl::get_effective_cpu_isa());

// Passes over memory; sizes are multiples of 512 bytes, pointers 64-byte aligned.
struct StreamKernels {
  std::string name;
  float (*read)(const float* from, std::size_t count);  // sum, so that it cannot be left out
  void (*write)(float* to, std::size_t count, float value);
  void (*copy)(float* to, const float* from, std::size_t count);
};
StreamKernels stream_kernels(dnnl::cpu_isa allowed = dnnl::get_effective_cpu_isa());

// A chain of `steps` dependent 64-bit multiplications: 3 cycles each on x86-64 cores since 2008 (Intel) and
// 2017 (AMD), so its time tells the clock. 0 where that is not known.
void multiply_chain(std::uint64_t steps);
double multiply_latency_cycles();

}  // namespace dsx::bench
