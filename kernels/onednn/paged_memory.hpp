// oneDNN's own allocation, on large pages where there are some; not initialised.
#pragma once

#include <dnnl.hpp>

namespace dsx::kernels {

dnnl::memory make_paged_memory(const dnnl::memory::desc& md, const dnnl::engine& engine);

}  // namespace dsx::kernels
