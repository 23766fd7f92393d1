#include "bench/machine/rate.hpp"

#include <algorithm>
#include <utility>

#include "bench/measure/disturbance.hpp"
#include "bench/measure/measure.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/cpus.hpp"

namespace dsx::bench {
namespace {

bool was_disturbed(const std::function<void()>& work) {
  const auto before = disturbance_now();
  const double wall_ns = time_once_ns(work);
  return is_disturbed(disturbance_now() - before, wall_ns);
}

}  // namespace

bool on_own_cpus(std::vector<int> cpus) {
  std::ranges::sort(cpus);
  const bool is_known = !cpus.empty() && cpus.front() >= 0 && static_cast<int>(cpus.size()) <= usable_cpus();
  return !is_known || std::ranges::adjacent_find(cpus) == cpus.end();
}

Rate measure_rate(const RateOptions& options, const std::function<RateSample()>& sample) {
  constexpr int kMostTries = 4;
  constexpr double kPatienceS = 0.3;  // for the system to give each thread a CPU
  const auto now_s = options.now_s ? options.now_s : [] { return in_seconds(now_ns()); };
  const auto judged = options.is_disturbed ? options.is_disturbed : was_disturbed;
  const double begun_s = now_s();
  do sample();
  while (now_s() - begun_s < options.warm_up_s);
  const double start_s = now_s();
  std::vector<double> calm, all;
  bool shared_cpus = false;
  const auto is_enough = [&] {
    const auto have = static_cast<int>(calm.size()), tried = static_cast<int>(all.size());
    const double took_s = now_s() - start_s;
    if (have >= options.repeats) return took_s >= options.least_s;
    return tried >= kMostTries * options.repeats && took_s >= (shared_cpus ? kPatienceS : options.least_s);
  };
  while (!is_enough()) {
    RateSample one;
    const bool disturbed = judged([&] { one = sample(); });
    all.push_back(one.rate);
    shared_cpus |= !one.on_own_cpus;
    if (!disturbed && one.on_own_cpus) calm.push_back(one.rate);
  }
  // Undisturbed samples decide, when there are at least half as many as wanted.
  const double share = 1 - static_cast<double>(calm.size()) / static_cast<double>(all.size());
  auto& used = 2 * static_cast<int>(calm.size()) >= options.repeats ? calm : all;
  std::ranges::sort(used);
  return {used.back(), quantile(used, 0.5), share};
}

}  // namespace dsx::bench
