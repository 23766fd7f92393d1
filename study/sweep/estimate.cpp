// An estimate for people who wait, no measurement of the study.
#include "study/sweep/estimate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <limits>
#include <vector>

#include "bench/measure/measure.hpp"
#include "kernels/onednn/context.hpp"
#include "net/optimizer.hpp"
#include "net/training_step.hpp"
#include "study/run/aligned_images.hpp"
#include "study/run/latency.hpp"
#include "study/run/make_network.hpp"
#include "study/sweep/child.hpp"
#include "study/training/trainer.hpp"

namespace dsx::sweep {
namespace {

constexpr int kProbeSteps = 3;
constexpr double kFirstOverheadSeconds = 3;  // until a cell has shown it

double measure_seconds_per_image(const settings::Settings& settings, int threads) {
  kernels::set_threads(threads);
  net::Network network = run::make_network(settings);
  net::Plan plan = network.make_plan(settings.batch, true);
  const run::AlignedImages images(plan.src_count(), 1);
  const std::vector<float> labels(static_cast<std::size_t>(settings.batch), 1.F);
  const std::unique_ptr<net::Optimizer> optimizer =
      net::make_optimizer(training::optimizer_options(settings), network.parameters());
  const auto step = [&] {
    plan.set_src(images.data());
    plan.set_labels(labels);
    net::training_step(plan, *optimizer, 1e-6);
  };
  bench::MeasureOptions options;
  options.warmup_runs = 1;  // pays for first touches
  options.min_rounds = options.max_rounds = kProbeSteps;
  options.max_time_s = std::numeric_limits<double>::infinity();
  const auto results = bench::measure({{"training step", step, {}}}, options);
  return results.front().summary.min_ns / 1e9 / settings.batch;
}

[[noreturn]] void answer(int pipe, const settings::Settings& settings, int threads) {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  double seconds = 0;
  try {
    seconds = measure_seconds_per_image(settings, threads);
  } catch (...) {  // UnsupportedError, no memory, ...: the cell will say so
    ::_exit(1);
  }
  ::_exit(::write(pipe, &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
}

}  // namespace

// No thread runs in this process yet, so that a forked copy may compute.
double probe_seconds_per_image(const settings::Settings& settings, int threads) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return 0;
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) answer(ends[1], settings, threads);
  ::close(ends[1]);
  double seconds = 0;
  if (pid > 0) {
    ssize_t count = 0;
    while ((count = ::read(ends[0], &seconds, sizeof seconds)) < 0 && errno == EINTR) {
    }
    if (count != sizeof seconds) seconds = 0;
    wait_process(pid);
  }
  ::close(ends[0]);
  return seconds;
}

void Estimator::add_measured(const std::string& variant, double training_s, double image_epochs) {
  if (training_s <= 0 || image_epochs <= 0) return;
  measured_[variant].seconds += training_s;
  measured_[variant].image_epochs += image_epochs;
}

void Estimator::add_probed(const std::string& variant, double seconds_per_image) {
  probed_[variant] = seconds_per_image;
}

void Estimator::add_overhead(double seconds) {
  overhead_s_ += std::max(0.0, seconds);
  ++overheads_;
}

bool Estimator::knows(const std::string& variant) const {
  return measured_.count(variant) != 0 || probed_.count(variant) != 0;
}

double Estimator::seconds(const std::string& variant, double images, int epochs) const {
  double per_image = 0;
  if (const auto sums = measured_.find(variant); sums != measured_.end())
    per_image = sums->second.seconds / sums->second.image_epochs;
  else if (const auto probed = probed_.find(variant); probed != probed_.end())
    per_image = probed->second;
  const double overhead = overheads_ > 0 ? overhead_s_ / overheads_ : kFirstOverheadSeconds;
  return per_image * images * epochs + overhead;
}

}  // namespace dsx::sweep
