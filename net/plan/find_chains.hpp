// Which steps of a plan can hand their images on one by one (image_chain.hpp).
#pragma once

#include <vector>

#include "kernels/onednn/kernel.hpp"
#include "net/plan/buffers.hpp"
#include "net/plan/image_chain.hpp"

namespace dsx::net {

// A step that can work image by image, what it reads of the step before it and writes for the next one.
struct ImageStep {
  std::size_t place = 0;  // among the steps of its phase
  int number = 0;         // among all
  Buffer *from = nullptr, *to = nullptr;
};

// Chains of at least two of `candidates`, which are steps of `steps`. Buffers that live during a chain are
// kept apart.
std::vector<ImageChain> find_chains(const std::vector<kernels::Step>& steps,
                                    const std::vector<ImageStep>& candidates, Sharing sharing,
                                    Buffers& buffers);

}  // namespace dsx::net
