// An estimate for people who wait, no measurement of the study.
#include "study/compare/estimate.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "kernels/context.hpp"
#include "net/optimizer.hpp"
#include "study/latency.hpp"
#include "study/study_run.hpp"
#include "study/trainer.hpp"

namespace dsx {
namespace {

constexpr int kProbeSteps = 3;
constexpr double kFirstOverhead_s = 3;  // until a cell has shown it

}  // namespace

double probe_seconds_per_image(const Settings& settings, int threads) {
  using Clock = std::chrono::steady_clock;
  set_threads(threads);
  Network network = make_network(settings);
  Plan plan = network.make_plan(settings.batch, true);
  const AlignedImages images(plan.src_count(), 1);
  const std::vector<float> labels(static_cast<std::size_t>(settings.batch), 1.F);
  const std::unique_ptr<Optimizer> optimizer =
      make_optimizer(optimizer_options(settings), network.parameters());
  plan.pack();
  double fastest_s = std::numeric_limits<double>::infinity();
  for (int step = 0; step <= kProbeSteps; ++step) {
    const Clock::time_point start = Clock::now();
    plan.set_src(images.data());
    plan.set_labels(labels);
    plan.forward();
    plan.backward();
    optimizer->step(1e-6);
    plan.pack();
    const double spent_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (step > 0) fastest_s = std::min(fastest_s, spent_s);  // the first pays for first touches
  }
  return fastest_s / settings.batch;
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
  const double overhead = overheads_ > 0 ? overhead_s_ / overheads_ : kFirstOverhead_s;
  return per_image * images * epochs + overhead;
}

}  // namespace dsx
