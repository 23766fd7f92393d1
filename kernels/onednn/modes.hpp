// Modes of oneDNN that the environment sets from outside. Those that change numbers without being a choice of
// the user's here are pinned; those that choose kernels are named, so that they can be recorded and a resumed
// run compared with its beginning. And its verbose lines, which it prints on stdout, leave that to results.
#pragma once

#include <string>
#include <vector>

namespace dsx::kernels {

// First thing in main(). Float32 stays float32, whatever ONEDNN_DEFAULT_FPMATH_MODE says, and with
// ONEDNN_VERBOSE the lines of oneDNN go to stderr. Returns what the user should be told, a line each.
std::vector<std::string> pin_onednn_modes();

// What decides which kernels run, hence the last bits of every number: "avx2", "avx512_core, prefer_ymm".
std::string numeric_mode();
// What the environment says about that: "ONEDNN_MAX_CPU_ISA=AVX2"; empty when nothing.
std::string numeric_mode_variables();

}  // namespace dsx::kernels
