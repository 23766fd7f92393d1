// One network after the other, in an order of each process's own, so that neither drift nor a neighbour
// follows size or engine. Each is built, timed and dropped: all at once would not fit the memory.
#include "study/commands/latency_grid.hpp"

#include <span>
#include <string>
#include <vector>

#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/cli/interrupt.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/make_network.hpp"
#include "study/run/train_run.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::commands {
namespace {

struct GridNetwork {
  std::string variant, engine;
  int size;
};

std::vector<GridNetwork> grid_networks(const settings::Settings& settings, int process) {
  std::vector<GridNetwork> networks;
  for (const int size : analysis::latency_grid_sizes(settings.size))
    for (const std::string& engine : settings::find_field("engine")->choices())
      for (const downsample::DownsampleOp& op : downsample::downsample_table())
        networks.push_back({op.name, engine, size});
  Random({static_cast<std::uint64_t>(process)}).shuffle(std::span(networks));
  return networks;
}

analysis::GridTime time_of(const GridNetwork& wanted, settings::Settings settings) {
  settings.variant = wanted.variant;
  settings.engine = wanted.engine;
  settings.size = wanted.size;
  net::Network network = run::make_network(settings);
  net::Plan plan = network.make_plan(analysis::kLatencyGridBatch, false);
  const run::AlignedImages images(plan.src_count(), settings.seed);
  plan.set_src(images.data());
  bench::MeasureOptions options;
  options.warmup_runs = 2;
  options.min_rounds = options.max_rounds = 3;
  options.min_time_s = 0;
  const auto samples_ns =
      bench::measure({{"forward", [&] { plan.forward(); }, {}}}, options).front().samples_ns;
  analysis::GridTime time{wanted.variant,
                          wanted.engine,
                          wanted.size,
                          analysis::kLatencyGridBatch,
                          run::describe_model(network, plan).mflop_per_image,
                          {}};
  for (const double ns : samples_ns) time.ms.push_back(ns / 1e6);
  return time;
}

}  // namespace

void measure_latency_grid(settings::Settings settings, analysis::LatencyProcess& process) {
  const bench::Neighbours neighbours;
  for (const GridNetwork& wanted : grid_networks(settings, process.number)) {
    cli::check_interrupt("stopped while measuring latency");
    try {
      process.grid.push_back(time_of(wanted, settings));
    } catch (const ConfigError&) {       // too small an image for this network
    } catch (const UnsupportedError&) {  // no such kernel here
    }
  }
  const bench::NeighbourUse use = neighbours.use();
  if (use.not_available.empty()) process.grid_neighbours = use.others + use.stolen;
}

}  // namespace dsx::commands
