#include "kernels/onednn/region.hpp"

#ifdef DOWNSCALEXR_USDT
#include <sys/sdt.h>
#endif
#ifdef DOWNSCALEXR_ITT
#include <ittnotify.h>

#include <cstdlib>
#endif

namespace dsx::kernels {

#ifdef DOWNSCALEXR_ITT
namespace {
// Null without a collector: this variable is how VTune names it to ittnotify, when it attaches to a running
// program as well. (ittnotify looks names up in lists of its own, each time: microseconds that only VTune's
// user pays.)
const __itt_domain* itt_domain() {
  static const __itt_domain* const domain =
      std::getenv("INTEL_LIBITTNOTIFY64") == nullptr ? nullptr : __itt_domain_create("DownScaleXR");
  return domain;
}
}  // namespace
#endif

Region::Region(const Step& step) : step_(step) {
#ifdef DOWNSCALEXR_ITT
  if (const auto* domain = itt_domain(); domain != nullptr) {
    const auto name = step.name + " " + name_of(step.phase);
    __itt_task_begin(domain, __itt_null, __itt_null, __itt_string_handle_create(name.c_str()));
  }
#endif
#ifdef DOWNSCALEXR_USDT
  DTRACE_PROBE3(downscalexr, step_begin, step_.name.c_str(), step_.layer.c_str(), name_of(step_.phase));
#endif
}

Region::~Region() {
#ifdef DOWNSCALEXR_USDT
  DTRACE_PROBE3(downscalexr, step_end, step_.name.c_str(), step_.layer.c_str(), name_of(step_.phase));
#endif
#ifdef DOWNSCALEXR_ITT
  if (const auto* domain = itt_domain(); domain != nullptr) __itt_task_end(domain);
#endif
}

}  // namespace dsx::kernels
