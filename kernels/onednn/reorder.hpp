// Copying values from one memory descriptor to another: other layout, other data type, or both. A plan shows
// every one of them as a step of its own.
#pragma once

#include <dnnl.hpp>

#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// FROM -> TO
Kernel reorder(const Context& context, const dnnl::memory::desc& from_md, const dnnl::memory::desc& to_md);

// One reorder outside any plan, waiting for its end: for checkpoints and constants.
// Both memories must belong to the same engine.
void reorder_now(const dnnl::memory& from, dnnl::memory& to);

}  // namespace dsx::kernels
