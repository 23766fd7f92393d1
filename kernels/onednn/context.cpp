// Facts about the linked oneDNN, and OpenMP's team size.
#include "kernels/onednn/context.hpp"

#include <fmt/format.h>
#include <omp.h>

#include "kernels/base/error.hpp"

namespace dsx::kernels {

namespace {

const char* isa_name(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::isa_default:
      return "default";
    case dnnl::cpu_isa::sse41:
      return "sse41";
    case dnnl::cpu_isa::avx:
      return "avx";
    case dnnl::cpu_isa::avx2:
      return "avx2";
    case dnnl::cpu_isa::avx2_vnni:
      return "avx2_vnni";
    case dnnl::cpu_isa::avx2_vnni_2:
      return "avx2_vnni_2";
    case dnnl::cpu_isa::avx512_core:
      return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_fp16:
      return "avx512_core_fp16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "avx512_core_amx";
    case dnnl::cpu_isa::avx512_core_amx_fp16:
      return "avx512_core_amx_fp16";
    default:
      return "other";
  }
}

const char* runtime_name(unsigned runtime) {
  switch (runtime) {
    case DNNL_RUNTIME_SEQ:
      return "SEQ";
    case DNNL_RUNTIME_OMP:
      return "OMP";
    case DNNL_RUNTIME_TBB:
      return "TBB";
    case DNNL_RUNTIME_THREADPOOL:
      return "THREADPOOL";
    default:
      return "unknown";
  }
}

}  // namespace

OneDnnInfo onednn_info() {
  const auto* v = dnnl_version();
  return {fmt::format("{}.{}.{}", v->major, v->minor, v->patch), v->hash, runtime_name(v->cpu_runtime),
          isa_name(dnnl::get_effective_cpu_isa())};
}

void set_threads(int threads) {
  if (threads < 1) throw ConfigError(fmt::format("threads is {}: it must be at least 1", threads));
  omp_set_dynamic(0);
  omp_set_num_threads(threads);
}

int max_threads() { return omp_get_max_threads(); }

}  // namespace dsx::kernels
