// From a network to its graph: layer after layer, then the loss, then the layers' gradients in reverse.
#pragma once

#include <dnnl.hpp>
#include <string>

#include "net/graph/graph.hpp"
#include "net/graph/parameters.hpp"
#include "net/spec.hpp"

namespace dsx::net {

struct GraphOptions {
  bool training = false;
  bool adopt_layouts =
      false;             // the first plan of a network moves each master copy to its forward kernels' layout
  bool partial = false;  // no loss: see NetworkOptions
  bool input_gradient = false;
  const Quantization* quantization = nullptr;  // of an int8 network, whose context is f32's
};
// `op` stands in the network's Downsample.
Graph build_graph(const kernels::Context& context, const NetworkSpec& spec,
                  const downsample::DownsampleOp& op, const dnnl::memory::dims& input,
                  const GraphOptions& options, Parameters& parameters);

}  // namespace dsx::net
