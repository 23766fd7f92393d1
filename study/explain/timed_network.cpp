#include "study/explain/timed_network.hpp"

#include <algorithm>
#include <numeric>

#include "bench/measure/latency.hpp"
#include "study/explain/recorded_times.hpp"

namespace dsx::explain {

namespace {

net::Network make_network_of(const ExplainContext& context, const std::string& variant,
                             kernels::Layout layout) {
  const auto& options = context.options;
  kernels::Context made;
  made.layout = layout;
  made.fused = options.fused;
  made.algorithm = options.algorithm;
  net::NetworkOptions wanted;
  wanted.variant = variant;
  wanted.channels = options.channels;
  wanted.height = wanted.width = options.size;
  net::Network network(made, net::load_network_spec("lenet"), wanted);
  network.init(options.seed);
  return network;
}

// The user's images over the random ones, in the order that the plan reads: their plain order unless their
// channels come last and are several.
void write_images(const ExplainContext& context, kernels::Layout layout, float* to) {
  const auto& images = context.images;
  const auto channels = static_cast<std::size_t>(context.options.channels);
  if (channels == 1 || layout != kernels::Layout::nhwc) {
    std::copy(images.begin(), images.end(), to);
    return;
  }
  const std::size_t pixels = static_cast<std::size_t>(context.options.size) * context.options.size;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t image = i / (channels * pixels), channel = i / pixels % channels;
    to[(image * pixels + i % pixels) * channels + channel] = images[i];
  }
}

}  // namespace

TimedNetwork::TimedNetwork(const ExplainContext& context, const std::string& variant_name,
                           kernels::Layout layout)
    : variant(variant_name),
      network(make_network_of(context, variant_name, layout)),
      plan(network.make_plan(context.options.batch, false)),
      images(plan.src_count(), context.options.seed) {
  if (context.images.size() == plan.src_count()) write_images(context, layout, images.data());
  plan.set_src(images.data());
  plan.forward();
}

std::unique_ptr<TimedNetwork> make_timed_network(const ExplainContext& context, const std::string& variant,
                                                 kernels::Layout layout) {
  return std::make_unique<TimedNetwork>(context, variant, layout);
}

StepSamples time_steps(const ExplainContext& context, const std::vector<TimedNetwork*>& networks, int rounds,
                       ExperimentReport& report) {
  constexpr int kLeastRounds = 6;  // fewer samples give no 95% interval of a median
  StepSamples samples(networks.size());
  for (std::size_t n = 0; n < networks.size(); ++n)
    samples[n].resize(networks[n]->plan.forward_steps().size());
  for (int round = 0; round < rounds; ++round) {
    if (round >= kLeastRounds && context.budget.experiment_left_s() <= 0) break;
    for (const auto n : bench::round_order(networks.size(), round, context.options.seed)) {
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

ProcessTimes step_times(ExplainContext& context, const std::vector<TimedNetwork*>& networks,
                        ExperimentReport& report) {
  std::vector<std::string> names;
  for (const auto* network : networks)
    for (const auto& step : network->plan.forward_steps())
      names.push_back(network->variant + "/" + step.name);
  ProcessTimes times = recorded_times(context, names);
  if (times.processes() > 0) {
    for (std::size_t arm = 0; arm < names.size(); ++arm) {
      auto all = times.together(arm);
      report.sample_count += all.samples_ns.size();
      report.samples.emplace_back(names[arm], std::move(all.samples_ns));
    }
    say_spread(times, report);
    return times;
  }
  const auto samples = time_steps(context, networks, rounds_for(networks, context.options.seconds), report);
  RecordedSet set;
  for (const auto& network : samples)
    for (const auto& step_ns : network) set.push_back({names[set.size()], step_ns, 0, 0, {}});
  if (context.recording != nullptr) context.recording->sets.push_back(set);
  times.add_process(0, std::move(set));
  return times;
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
