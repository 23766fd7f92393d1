// Which parameters a network has: what its layers say, each under the layer's name, as in PyTorch's
// state_dict.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "net/graph/parameters.hpp"
#include "net/spec.hpp"

namespace dsx::net {

// Every parameter with its name and shape; memory is plain and uninitialised.
Parameters declare_parameters(const kernels::Context& context, const NetworkSpec& spec,
                              const std::string& variant, const dnnl::memory::dims& input, bool partial);

}  // namespace dsx::net
