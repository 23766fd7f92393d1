// Weights are packed by each plan's first pass, which belongs to the warm-up.
#include "study/run/latency.hpp"

#include <fmt/core.h>

#include "bench/measure/latency.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"
#include "study/run/aligned_images.hpp"

namespace dsx::run {
namespace {

// The original's batch, and one image at a time.
constexpr int kLatencyBatches[] = {32, 1};

bench::PlanLatency measure_batch(const RunRecord& record, net::Network& network, int batch) {
  net::Plan plan = network.make_plan(batch, false);
  const AlignedImages images(plan.src_count(), record.settings.seed);
  plan.set_src(images.data());
  bench::LatencyOptions options;
  options.iterations = record.settings.latency_iterations;
  cli::ProgressBar progress(cli::progress_mode(record.settings.progress),
                            fmt::format("latency, batch {}", batch),
                            static_cast<std::size_t>(options.iterations) * static_cast<std::size_t>(batch));
  options.keep_going = [&](int done) {
    cli::check_interrupt("stopped while measuring latency");
    progress.update(static_cast<std::size_t>(done) * static_cast<std::size_t>(batch), "");
    return true;
  };
  return bench::measure_latency(plan, options);
}

}  // namespace

void measure_latencies(RunRecord& record, net::Network& network) {
  for (const int batch : kLatencyBatches) record.latency.push_back(measure_batch(record, network, batch));
}

}  // namespace dsx::run
