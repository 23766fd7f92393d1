// Random images: a forward pass takes the same time for any values, and needs no data set.
#include "study/run/latency_only.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/text_table.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/run/make_network.hpp"
#include "study/run/quantize.hpp"
#include "study/run/run_folder.hpp"
#include "study/run/run_h5.hpp"
#include "study/run/run_summary.hpp"
#include "study/run/run_text.hpp"
#include "study/training/checkpoint.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

void load_run_weights(const settings::Settings& settings, net::Network& network) {
  if (settings.resume.empty()) return;
  const fs::path folder(settings.resume);
  const fs::path path = fs::exists(folder / "best.h5") ? folder / "best.h5" : folder / "last.h5";
  const int epoch = training::load_weights(path, network);
  fmt::print("weights of epoch {} from {}\n", epoch, path.string());
}

// Scales play no part in a time.
void quantize_on_random_images(net::Network& network, const settings::Settings& settings) {
  const auto& options = network.options();
  const AlignedImages images(
      static_cast<std::size_t>(settings.batch) * options.channels * options.height * options.width,
      settings.seed);
  quantize_on(network, settings.batch, images.data());
  fmt::print("int8: scales from {} random images, weights {} to {}\n", settings.batch,
             -kernels::weight_limit(), kernels::weight_limit());
}

void repeat(net::Network& network, const settings::Settings& settings,
            const settings::ThreadChoice& threads) {
  net::Plan plan = network.make_plan(settings.batch, false);
  const AlignedImages images(plan.src_count(), settings.seed);
  plan.set_src(images.data());
  plan.forward();
  fmt::print("process {}: forward passes of {}, {}, for {}\n", ::getpid(), counted(settings.batch, "image"),
             counted(threads.used, "thread"), cli::duration(settings.repeat_for));
  std::fflush(stdout);
  const Stopwatch watch;
  std::size_t passes = 0;
  double seconds = 0;
  while (seconds < settings.repeat_for && !cli::interrupt_requested()) {
    plan.forward();
    ++passes;
    seconds = watch.elapsed_s();
  }
  fmt::print("{} in {}: {:.1f} images/s\n", counted(passes, "pass", "passes"), cli::duration(seconds),
             static_cast<double>(passes) * settings.batch / seconds);
  cli::check_interrupt("stopped before the time was over");
}

}  // namespace

void run_latency_only(const RunRequest& request) {
  const settings::Settings& settings = request.settings;
  const bool repeating = settings.repeat_for > 0;
  if (!repeating) check_new_run_folder(settings);
  RunRecord record;
  record.threads = settings::apply_threads(settings);
  net::Network network = make_network(settings);
  load_run_weights(settings, network);
  if (is_int8(network)) quantize_on_random_images(network, settings);
  if (repeating) return repeat(network, settings, record.threads);

  record.command = request.command;
  record.settings = settings;
  record.sources = request.sources;
  record.environment = bench::environment_fields(bench::read_environment(request.command));
  {
    const net::Plan plan = network.make_plan(settings.batch, false);
    record.model = describe_model(network, plan);
    record.plans = {describe_plan(fmt::format("inference_batch_{}", settings.batch), plan)};
  }
  const auto config = [&](const std::string& name) {
    return settings::to_yaml(
        settings, "Repeats the measurement " + name + ": study --latency-only --config <this file>");
  };
  const RunFolder folder = RunFolder::create(settings, config, "latency-");
  record.name = folder.name();
  fmt::print("{}", start_text(record));
  std::fflush(stdout);
  measure_latencies(record, network);
  record.status = "finished";
  record.peak_rss_mib = peak_rss_mib();
  write_run_h5(folder.run_h5(), record, nullptr);
  write_summary(folder.summary(), record);
  fmt::print("{}{}", latency_text(record), end_text(record, folder.path()));
}

}  // namespace dsx::run
