// The study's network of one variant, of the size, engine and images that the user asked for, ready to run,
// and the time of each of its steps inside a pass: caches are as a real pass leaves them, which no step timed
// alone can say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "study/explain/experiment.hpp"
#include "study/explain/process_times.hpp"
#include "study/run/aligned_images.hpp"

namespace dsx::explain {

struct TimedNetwork {
  std::string variant;
  net::Network network;
  net::Plan plan;
  run::AlignedImages images;

  TimedNetwork(const ExplainContext& context, const std::string& variant_name, kernels::Layout layout);
};
// Kept on the heap: a plan reads its images where they are.
std::unique_ptr<TimedNetwork> make_timed_network(const ExplainContext& context, const std::string& variant,
                                                 kernels::Layout layout);

// The time of each step of each network (recorded_times.hpp), an arm for each, in their order, named
// "variant/step". Here: about `seconds` of rounds over all networks, in an order drawn for each round; before
// each timed pass the same network runs once untimed.
ProcessTimes step_times(ExplainContext& context, const std::vector<TimedNetwork*>& networks, double seconds,
                        ExperimentReport& report);

// "block1" for conv1, pool1 and what stands between them; other layers by their own name.
std::string part_of(const kernels::Step& step);

}  // namespace dsx::explain
