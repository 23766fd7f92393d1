// What every operator needs to be built: the CPU engine, a stream, and the choices that hold for a whole
// network. Threads are OpenMP's (omp_set_num_threads before the first primitive is created): oneDNN fixes
// a primitive's work split when it is created.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "kernels/onednn/layout.hpp"

namespace dsx::kernels {

struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  Layout layout = Layout::nhwc;
  dnnl::memory::data_type dtype =
      dnnl::memory::data_type::f32;  // of activations and weights; masters stay f32
  // Convolution + ReLU + downsampling as one kernel of ours where there is one (fused_block.hpp,
  // fused_train.hpp), and large linear layers behind it (fused_linear.hpp); everything else stays oneDNN's
  // primitives.
  bool fused = false;
  bool allow_ref = false;  // accept oneDNN's `ref` implementations (minutes instead of milliseconds)
};

// oneDNN as it is linked and as it sees this CPU.
struct OneDnnInfo {
  std::string version;            // "3.2.0"
  std::string build_hash;         // git commit that oneDNN was built from
  std::string threading_runtime;  // "OMP"
  std::string effective_isa;      // "avx512_core_bf16", after ONEDNN_MAX_CPU_ISA
};
OneDnnInfo onednn_info();

// Sets OpenMP's team size for all later primitives. Throws ConfigError when threads < 1.
void set_threads(int threads);
int max_threads();  // OpenMP's current team size

}  // namespace dsx::kernels
