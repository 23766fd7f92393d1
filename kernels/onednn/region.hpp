// Marks on the time line for profilers: which step of which layer runs, in which phase. perf, bpftrace and
// SystemTap see them as static probes (USDT), VTune as tasks of the domain "DownScaleXR". A probe that nobody
// listens to is one `nop`, a task without VTune one comparison.
#pragma once

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// From construction to destruction, on the calling thread; regions of a thread nest.
//
// Probes, provider "downscalexr": step_begin and step_end, each with (const char* step, const char* layer,
// const char* phase).
class Region {
 public:
  explicit Region(const Step& step);  // which must outlive it
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  const Step& step_;
};

}  // namespace dsx::kernels
