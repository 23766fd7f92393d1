#include "study/training/busy_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/base/counted.hpp"
#include "kernels/base/cpus.hpp"

namespace dsx::training {

namespace {

constexpr std::int64_t kLookNs = 2'000'000'000;  // /proc/stat ticks in hundredths of a second

}  // namespace

std::string busy_text(const bench::NeighbourUse& use, int threads, int cpus) {
  if (threads < 2 || cpus < 1 || !use.not_available.empty()) return "";
  const double wanted = std::min(1.0, static_cast<double>(threads) / cpus),
               lacking = use.others + use.stolen - (1 - wanted);
  if (lacking < kWorthALine * wanted) return "";
  return fmt::format(
      "other work took {:.0f}% of the CPUs during the last {:.0f} s: {} wait for each other; fewer "
      "--threads may be faster",
      100 * (use.others + use.stolen), in_seconds(use.interval_ns), counted(threads, "thread"));
}

std::string BusyWatch::look() {
  if (said_ || threads_ < 2) return "";
  if (!since_) {
    since_.emplace();
    watch_ = Stopwatch();
    return "";
  }
  if (watch_.elapsed_ns() < kLookNs) return "";
  std::string text = busy_text(since_->use(), threads_, static_cast<int>(allowed_cpus().size()));
  said_ = !text.empty();
  since_.emplace();
  watch_ = Stopwatch();
  return text;
}

}  // namespace dsx::training
