// One network after the other, in an order drawn once, so that neither drift nor a neighbour follows size or
// engine. Each is built, timed and dropped: all at once would not fit the memory.
#include "study/commands/latency_grid.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "bench/measure/measure.hpp"
#include "bench/measure/neighbours.hpp"
#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/analysis/latency_run.hpp"
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

std::vector<GridNetwork> grid_networks(const settings::Settings& settings) {
  std::vector<GridNetwork> networks;
  for (const int size : analysis::latency_grid_sizes(settings.size))
    for (const std::string& engine : settings::find_field("engine")->choices())
      for (const downsample::DownsampleOp& op : downsample::downsample_table())
        networks.push_back({op.name, engine, size});
  std::shuffle(networks.begin(), networks.end(), std::mt19937_64(1));
  return networks;
}

analysis::GridTime time_of(const GridNetwork& wanted, settings::Settings settings, double seconds) {
  settings.variant = wanted.variant;
  settings.engine = wanted.engine;
  settings.size = wanted.size;
  net::Network network = run::make_network(settings);
  net::Plan plan = network.make_plan(analysis::kLatencyGridBatch, false);
  const run::AlignedImages images(plan.src_count(), settings.seed);
  plan.set_src(images.data());
  bench::MeasureOptions options;
  options.warmup_runs = 2;
  options.min_rounds = 3;
  options.min_time_s = seconds;
  options.max_time_s = 3 * options.min_time_s;
  const bench::Summary time =
      bench::measure({{"forward", [&] { plan.forward(); }, {}}}, options).front().summary;
  return {wanted.variant,
          wanted.engine,
          wanted.size,
          analysis::kLatencyGridBatch,
          run::describe_model(network, plan).mflop_per_image,
          time.median_ns / 1e6,
          time.median_low_ns / 1e6,
          time.median_high_ns / 1e6,
          time.count};
}

}  // namespace

nlohmann::ordered_json measure_latency_grid(settings::Settings settings, double seconds) {
  const bench::Neighbours neighbours;
  std::vector<analysis::GridTime> grid;
  for (const GridNetwork& wanted : grid_networks(settings)) {
    cli::check_interrupt("stopped while measuring latency");
    try {
      grid.push_back(time_of(wanted, settings, seconds));
    } catch (const ConfigError&) {       // too small an image for this network
    } catch (const UnsupportedError&) {  // no such kernel here
    }
  }
  const bench::NeighbourUse use = neighbours.use();
  return analysis::grid_json(grid, use.not_available.empty() ? use.others + use.stolen : std::nan(""));
}

}  // namespace dsx::commands
