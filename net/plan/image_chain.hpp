// Steps that hand their images on one by one: the first does an image, the next one takes it while it is
// still in the cache, and so on; then comes the next image. A result that nobody else reads is not even
// stored for the whole batch: each thread uses one image's place again and again.
#pragma once

#include <vector>

#include "kernels/onednn/kernel.hpp"

namespace dsx::net {

// How images are shared out: evenly, or to whoever is free, since in training one thread shares its core with
// the loader's.
enum class Sharing { even, as_free };

// Places in a plan's steps of one phase, which must have Kernel::per_image, each reading what the one before
// it wrote. What lies between them (packing of weights) depends on none of them.
struct ImageChain {
  struct Link {
    std::size_t step = 0;
    bool keeps = true;  // each image's result in its own place: somebody else reads it
  };
  std::vector<Link> links;
  Sharing sharing = Sharing::even;
  std::size_t first() const { return links.front().step; }
  std::size_t last() const { return links.back().step; }
};

// Whether `images` are so many that each thread has some of its own all the time. With fewer, threads share
// the rows of an image, step by step.
bool chains_pay(int images, int threads);

// Executes all steps, those of `chains` (in their order) image by image on `threads` threads.
void run_steps(const std::vector<kernels::Step>& steps, const std::vector<ImageChain>& chains, int images,
               int threads, dnnl::stream& stream);

}  // namespace dsx::net
