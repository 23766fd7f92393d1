// Facts about the linked oneDNN, and OpenMP's team size.
#include "kernels/onednn/context.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/team.hpp"

namespace dsx::kernels {

namespace {

const char* isa_name() {
#if defined(__aarch64__)
  return "aarch64";
#endif
  switch (dnnl::get_effective_cpu_isa()) {
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

const std::vector<std::string>& algorithm_names() {
  static const std::vector<std::string> names{"direct", "fast", "auto"};
  return names;
}

Algorithm algorithm_from_string(const std::string& name) {
  const auto& names = algorithm_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw ConfigError(fmt::format("algorithm '{}' is not known: use {}", name, fmt::join(names, ", ")));
  return static_cast<Algorithm>(found - names.begin());
}

std::string to_string(Algorithm algorithm) {
  return algorithm_names().at(static_cast<std::size_t>(algorithm));
}

OneDnnInfo onednn_info() {
  const auto* v = dnnl_version();
  return {fmt::format("{}.{}.{}", v->major, v->minor, v->patch), v->hash, runtime_name(v->cpu_runtime),
          isa_name()};
}

bool has_isa(dnnl::cpu_isa wanted) {
#if defined(__x86_64__)
  const auto bits = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
#else
  return wanted == dnnl::cpu_isa::isa_default;
#endif
}

// oneDNN emulates bf16 on some older CPUs, which takes longer than f32, and refuses it on others.
void require_dtype(dnnl::memory::data_type dtype) {
  if (dtype != dnnl::memory::data_type::bf16) return;
  if (!has_isa(dnnl::cpu_isa::avx512_core_bf16))
    throw UnsupportedError(
        fmt::format("bf16: this CPU has no arithmetic for it (oneDNN sees {}); use --dtype f32", isa_name()));
}

void set_threads(int threads) {
  if (threads < 1) throw ConfigError(fmt::format("threads is {}: it must be at least 1", threads));
  omp_set_dynamic(0);
  omp_set_num_threads(threads);
  static int largest = 1;  // that was counted: who gives that many gives fewer as well
  if (threads <= largest) return;
  const TeamLimit limit = team_limit(threads);
  const int real = limit.threads < threads ? limit.threads : measured_team(threads);
  largest = std::max(largest, real);
  if (real == threads) return;
  omp_set_num_threads(real);
  throw UnsupportedError(fmt::format("OpenMP gives {} where {} are asked for: {}", counted(real, "thread"),
                                     threads, limit.reason.empty() ? "its team is smaller" : limit.reason));
}

int max_threads() { return omp_get_max_threads(); }

}  // namespace dsx::kernels
