// Operator and block arms from kernels/, connected as a network connects them (net/network_graph.cpp).
#pragma once

#include "bench/arms/block.hpp"
#include "bench/arms/work.hpp"

namespace dsx::bench {

// Builds it for the current number of threads, checks its result against the definition, and leaves it ready
// to be timed. Throws UnsupportedError (also "NAME has no step of its own"), dnnl::error, or WrongResult.
Work build_block(const BlockSpec& spec);

}  // namespace dsx::bench
