#include "net/plan/image_chain.hpp"

#include <omp.h>

#include "kernels/onednn/region.hpp"

namespace dsx::net {

namespace {

void run_image(const std::vector<kernels::Step>& steps, const ImageChain& chain, int image) {
  const auto n = static_cast<std::size_t>(image);
  kernels::ImagePlace place{n, n, n, omp_get_thread_num()};
  for (const auto& [number, keeps] : chain.links) {
    const auto& step = steps[number];
    const kernels::Region region(step);
    place.to = keeps ? n : static_cast<std::size_t>(place.thread);
    step.kernel.per_image(step.arguments, place);
    place.from = place.to;
  }
}

void run_chain(const std::vector<kernels::Step>& steps, const ImageChain& chain, int images, int threads,
               dnnl::stream& stream) {
  auto link = chain.links.begin();
  for (std::size_t i = chain.first(); i < chain.last(); ++i) {
    if (i == link->step) {
      ++link;
    } else {
      steps[i].execute(stream);
    }
  }
  if (chain.sharing == Sharing::even) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int image = 0; image < images; ++image) run_image(steps, chain, image);
  } else {
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (int image = 0; image < images; ++image) run_image(steps, chain, image);
  }
  for (const auto& [number, keeps] : chain.links) {
    const auto& step = steps[number];
    if (step.kernel.after_images) step.kernel.after_images(step.arguments);
  }
}

}  // namespace

bool chains_pay(int images, int threads) { return images >= 4 * threads || images % threads == 0; }

void run_steps(const std::vector<kernels::Step>& steps, const std::vector<ImageChain>& chains, int images,
               int threads, dnnl::stream& stream) {
  std::size_t done = 0;
  if (chains_pay(images, threads)) {
    for (const auto& chain : chains) {
      for (; done < chain.first(); ++done) steps[done].execute(stream);
      run_chain(steps, chain, images, threads, stream);
      done = chain.last() + 1;
    }
  }
  for (; done < steps.size(); ++done) steps[done].execute(stream);
}

}  // namespace dsx::net
