// What every operator needs to be built: the CPU engine, a stream, and the choices that hold for a whole
// network. Threads are OpenMP's (omp_set_num_threads before the first primitive is created): oneDNN fixes
// a primitive's work split when it is created.
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "kernels/onednn/layout.hpp"

namespace dsx::kernels {

// How the fused blocks' convolutions are computed at inference: term by term; with fewer products
// (fast_filter.hpp) wherever there is such a kernel; or so where it also does without a quarter of all FLOP,
// transforms counted. That is decided from the shape, not by timing, so that the same network has the same
// numbers everywhere.
enum class Algorithm { direct, fast, automatic };
const std::vector<std::string>& algorithm_names();         // "direct", "fast", "auto"
Algorithm algorithm_from_string(const std::string& name);  // one of these; throws ConfigError
std::string to_string(Algorithm algorithm);

struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  Layout layout = Layout::nhwc;
  dnnl::memory::data_type dtype =
      dnnl::memory::data_type::f32;  // of activations and weights (u8: s8 weights); masters stay f32
  // Convolution + ReLU + downsampling as one kernel of ours where there is one (fused_block.hpp,
  // fused_train.hpp), and large linear layers behind it (fused_linear.hpp); everything else stays oneDNN's
  // primitives.
  bool fused = false;
  Algorithm algorithm = Algorithm::direct;  // of those kernels
  bool allow_ref = false;  // accept oneDNN's `ref` implementations (minutes instead of milliseconds)
};

// oneDNN as it is linked and as it sees this CPU.
struct OneDnnInfo {
  std::string version;            // "3.2.0"
  std::string build_hash;         // git commit that oneDNN was built from
  std::string threading_runtime;  // "OMP"
  std::string effective_isa;      // "avx512_core_bf16", after ONEDNN_MAX_CPU_ISA
};
// Is that instruction set effective? Never elsewhere than on x86, where oneDNN gives the bits other meanings.
bool has_isa(dnnl::cpu_isa wanted);
OneDnnInfo onednn_info();

// Throws UnsupportedError when this CPU, as oneDNN sees it, has no arithmetic for the type.
void require_dtype(dnnl::memory::data_type dtype);

// Sets OpenMP's team size for all later primitives, and counts a team that is larger than any before. Throws
// ConfigError when threads < 1, UnsupportedError when OpenMP or the system give fewer (team.hpp).
void set_threads(int threads);
int max_threads();  // OpenMP's current team size

}  // namespace dsx::kernels
