#include "study/explain/timed_network.hpp"

#include <algorithm>
#include <numeric>

#include "bench/measure/latency.hpp"

namespace dsx::explain {

namespace {

kernels::Context context_of(kernels::Layout layout) {
  kernels::Context context;
  context.layout = layout;
  return context;
}

}  // namespace

TimedNetwork::TimedNetwork(const std::string& variant_name, kernels::Layout layout, int batch,
                           std::uint64_t seed)
    : variant(variant_name),
      network(net::make_lenet(context_of(layout), variant_name, seed)),
      plan(network.make_plan(batch, false)),
      images(plan.src_count(), seed) {
  plan.set_src(images.data());
  plan.forward();
}

std::unique_ptr<TimedNetwork> make_timed_network(const std::string& variant, kernels::Layout layout,
                                                 int batch, std::uint64_t seed) {
  return std::make_unique<TimedNetwork>(variant, layout, batch, seed);
}

StepSamples time_steps(const std::vector<TimedNetwork*>& networks, int rounds, std::uint64_t seed,
                       ExperimentReport& report) {
  StepSamples samples(networks.size());
  for (std::size_t n = 0; n < networks.size(); ++n)
    samples[n].resize(networks[n]->plan.forward_steps().size());
  for (int round = 0; round < rounds; ++round) {
    for (const auto n : bench::round_order(networks.size(), round, seed)) {
      auto& network = *networks[n];
      dnnl::stream stream(network.network.context().engine);
      const auto& steps = network.plan.forward_steps();
      std::vector<double> ns;
      // A pass in which another process took a core is repeated, three times at most.
      for (int attempt = 0; attempt < 4; ++attempt) {
        network.plan.forward();
        const auto before = bench::disturbance_now();
        ns = bench::time_pass_ns(steps, stream);
        ++report.sample_count;
        if (!bench::is_disturbed(bench::disturbance_now() - before,
                                 std::accumulate(ns.begin(), ns.end(), 0.0)))
          break;
        ++report.disturbed_samples;
      }
      for (std::size_t s = 0; s < steps.size(); ++s) samples[n][s].push_back(ns[s]);
    }
  }
  return samples;
}

int rounds_for(const std::vector<TimedNetwork*>& networks, double seconds) {
  double pass_ns = 0;
  for (auto* network : networks) pass_ns += bench::time_once_ns([&] { network->plan.forward(); });
  return std::clamp(static_cast<int>(seconds * 1e9 / pass_ns), 11, 200);
}

std::string part_of(const kernels::Step& step) {
  const auto& layer = step.layer;
  if (layer.size() == 5 &&
      (layer.starts_with("conv") || layer.starts_with("pool") || layer.starts_with("down")))
    return std::string("block") + layer.back();
  return layer;
}

}  // namespace dsx::explain
