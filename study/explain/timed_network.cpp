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

namespace {

// As many rounds as make about `seconds` of passes.
int rounds_for(const std::vector<TimedNetwork*>& networks, double seconds) {
  double pass_ns = 0;
  for (auto* network : networks) pass_ns += bench::time_once_ns([&] { network->plan.forward(); });
  return std::clamp(static_cast<int>(seconds * 1e9 / pass_ns), 11, 200);
}

// One pass of a network, timed step by step into its arms.
void time_pass(TimedNetwork& network, RecordedArm* arms) {
  dnnl::stream stream(network.network.context().engine);
  const auto& steps = network.plan.forward_steps();
  // A pass in which another process took a core is repeated, three times at most.
  constexpr int kMostAttempts = 4;
  for (int attempt = 1; attempt <= kMostAttempts; ++attempt) {
    network.plan.forward();
    const auto before = bench::disturbance_now();
    const auto ns = bench::time_pass_ns(steps, stream);
    const bool is_disturbed =
        bench::is_disturbed(bench::disturbance_now() - before, std::accumulate(ns.begin(), ns.end(), 0.0));
    const bool is_kept = !is_disturbed || attempt == kMostAttempts;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      arms[s].disturbed += is_disturbed ? 1 : 0;
      arms[s].left_out += is_kept ? 0 : 1;
      if (is_kept) arms[s].samples_ns.push_back(ns[s]);
    }
    if (is_kept) return;
  }
}

// Stops early, but not before six rounds, when the experiment's time is up.
RecordedSet time_steps(const ExplainContext& context, const std::vector<TimedNetwork*>& networks,
                       const std::vector<std::string>& names, double seconds) {
  constexpr int kLeastRounds = 6;  // fewer samples give no 95% interval of a median
  RecordedSet set;
  for (const auto& name : names) set.push_back({name, {}, 0, 0, {}});
  std::vector<std::size_t> first_arm{0};
  for (const auto* network : networks)
    first_arm.push_back(first_arm.back() + network->plan.forward_steps().size());
  const int rounds = rounds_for(networks, seconds);
  for (int round = 0; round < rounds; ++round) {
    if (round >= kLeastRounds && context.budget.experiment_left_s() <= 0) break;
    for (const auto n : bench::round_order(networks.size(), round, context.options.seed))
      time_pass(*networks[n], set.data() + first_arm[n]);
  }
  return set;
}

}  // namespace

ProcessTimes step_times(ExplainContext& context, const std::vector<TimedNetwork*>& networks, double seconds,
                        ExperimentReport& report) {
  std::vector<std::string> names;
  for (const auto* network : networks)
    for (const auto& step : network->plan.forward_steps())
      names.push_back(network->variant + "/" + step.name);
  return recorded_times(context, report, names,
                        [&] { return time_steps(context, networks, names, seconds); });
}

std::string part_of(const kernels::Step& step) {
  const auto& layer = step.layer;
  if (layer.size() == 5 &&
      (layer.starts_with("conv") || layer.starts_with("pool") || layer.starts_with("down")))
    return std::string("block") + layer.back();
  return layer;
}

}  // namespace dsx::explain
