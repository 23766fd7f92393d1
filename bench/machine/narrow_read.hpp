// How fast memory can be read a few floats at a time. A kernel on nhwc tensors with 6 channels loads 24 bytes
// per instruction: as many instructions fill the processor's window with fewer cache lines, so that less of
// the memory's latency is hidden than by machine.hpp's full-width streams. Measured for a working set, so
// that models of pooling can use it.
#pragma once

#include <cstddef>

namespace dsx::bench {

// GB/s of reading `bytes` (shared out over `threads`, each its own piece) in groups of `channels` floats, one
// vector load per group of at most the vector's width; the best of `repeats` passes (rate.hpp says why) after
// untimed ones.
// Needs the OpenMP team at `threads` at least.
double narrow_read_gbps(int channels, double bytes, int threads, int repeats = 7);

}  // namespace dsx::bench
