// ReLU on its own (after BatchNorm2d or a pool; after Conv2d and Linear it is fused), and its backward pass.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/kernel.hpp"

namespace dsx::kernels {

// SRC -> DST, same descriptor; may run in place.
Kernel relu_forward(const Context& context, const std::string& layer, const dnnl::memory::desc& md,
                    Pass pass);

// DST (the forward result), DIFF_DST -> DIFF_SRC, same descriptor; may run in place. Uses the destination
// because a fused ReLU never stores its source; the two agree, as dst > 0 exactly where src > 0.
Kernel relu_backward(const Context& context, const std::string& layer, const dnnl::memory::desc& md);

}  // namespace dsx::kernels
