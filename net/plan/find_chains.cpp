#include "net/plan/find_chains.hpp"

#include <algorithm>
#include <utility>

namespace dsx::net {

namespace {

// Whether nothing but packing lies between two steps, and the second reads what the first wrote.
bool follows(const std::vector<kernels::Step>& steps, const ImageStep& a, const ImageStep& b) {
  const auto is_pack = [](const kernels::Step& step) { return step.kernel.kind == "pack"; };
  return a.to != nullptr && a.to == b.from &&
         std::all_of(steps.begin() + static_cast<std::ptrdiff_t>(a.place) + 1,
                     steps.begin() + static_cast<std::ptrdiff_t>(b.place), is_pack);
}

}  // namespace

std::vector<ImageChain> find_chains(const std::vector<kernels::Step>& steps,
                                    const std::vector<ImageStep>& candidates, Sharing sharing,
                                    Buffers& buffers) {
  std::vector<ImageChain> all;
  for (std::size_t begin = 0, end = 0; begin < candidates.size(); begin = end) {
    end = begin + 1;
    while (end < candidates.size() && follows(steps, candidates[end - 1], candidates[end])) ++end;
    if (end - begin < 2) continue;
    ImageChain chain;
    chain.sharing = sharing;
    for (std::size_t i = begin; i < end; ++i)
      chain.links.push_back({candidates[i].place, i + 1 == end || candidates[i].to->readers > 1});
    buffers.live_together(candidates[begin].number, candidates[end - 1].number);
    all.push_back(std::move(chain));
  }
  return all;
}

}  // namespace dsx::net
