// From a graph to bound steps: decides which memory each argument is, inserts a named reorder wherever a
// kernel wants another descriptor than the tensor has, and gives every buffer its place.
#pragma once

#include <dnnl.hpp>
#include <vector>

#include "net/graph/graph.hpp"
#include "net/graph/parameters.hpp"
#include "net/plan/buffers.hpp"
#include "net/plan/image_chain.hpp"

namespace dsx::net {

struct PlannedMemory {
  std::vector<kernels::Step> pack, forward, loss, backward;
  std::vector<ImageChain> forward_chains, backward_chains;
  std::vector<dnnl::memory> src;  // the input under each descriptor that a kernel wants of it
  dnnl::memory labels, logits, loss_value, input_gradient;
  PlacedBuffers placed;
};

PlannedMemory plan_memory(const kernels::Context& context, const Graph& graph, Parameters& parameters,
                          bool training);

}  // namespace dsx::net
