// Checking a built block against block_reference.hpp: nothing is timed whose result is wrong.
#pragma once

#include "bench/arms/block_reference.hpp"
#include "bench/arms/chain.hpp"

namespace dsx::bench {

struct BlockMemories {
  dnnl::memory destination;  // of the forward pass
  dnnl::memory diff_dst;     // backward only, from here on
  dnnl::memory result;       // gradient of the source or the weights
  dnnl::memory diff_bias;    // backward_weights only
  double scale = 1;          // of an int8 destination
};

// Runs `chain` (whose preparation has run) and throws WrongResult where it disagrees. Leaves a dense gradient
// behind.
void check_block(Chain& chain, const BlockSpec& spec, BlockReference& reference,
                 const BlockMemories& memories);

}  // namespace dsx::bench
