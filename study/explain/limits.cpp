#include "study/explain/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "bench/machine/narrow_read.hpp"
#include "bench/machine/roofline.hpp"
#include "kernels/base/ranks.hpp"
#include "study/explain/recorded_times.hpp"

namespace dsx::explain {
namespace {

constexpr const char* kLoop = "f32 loop in registers";
constexpr const char* kProduct = "f32 matrix product";
constexpr double kGiga = 1e9;

std::string read_of(const std::string& level) { return level + " read"; }
std::string write_of(const std::string& level) { return level + " write"; }
std::string narrow_name(const Limits::Narrow& narrow) {
  return fmt::format("read by {} floats, {:.2f} MB", narrow.first, narrow.second / 1e6);
}
bool is_arithmetic(const std::string& limit) { return limit == kLoop || limit == kProduct; }

std::vector<std::string> levels_of(const bench::Topology& topology) {
  std::vector<std::string> levels;
  for (const auto& cache : topology.caches) levels.push_back(fmt::format("L{}", cache.level));
  levels.emplace_back("memory");
  return levels;
}

// 1e9 operations or bytes per second and thread team; 0 when the process has no such arm.
double rate_in(const RecordedSet& process, const std::string& limit) {
  double best = 0;
  for (const auto& arm : process)
    if (arm.name.ends_with("/" + limit))
      for (const double ns : arm.samples_ns) best = std::max(best, kGiga / ns);
  return best;
}

double rate_of(const bench::Machine& machine, int threads, const std::string& limit) {
  if (is_arithmetic(limit)) {
    const auto* peak = bench::find_peak(machine, threads, "f32");
    if (peak == nullptr) return 0;
    return limit == kLoop ? peak->gflops.best : peak->gemm_gflops.best;
  }
  const auto space = limit.find(' ');
  const auto* row = bench::find_bandwidth(machine, threads, limit.substr(0, space));
  if (row == nullptr) return 0;
  return limit == read_of(row->level) ? row->read_gbps.best : row->write_gbps.best;
}

}  // namespace

Limits::Limits(ExplainContext& context, ExperimentReport& report) : context_(context), report_(report) {
  times_ = measure("before", {});
}

void Limits::measure_behind(const std::set<Narrow>& narrow) {
  narrow_ = narrow;
  times_ = times_.joined(measure("behind", narrow));
}

std::vector<std::string> Limits::names() const {
  std::vector<std::string> all{kLoop, kProduct};
  for (const auto& level : levels_of(context_.topology)) {
    all.push_back(read_of(level));
    all.push_back(write_of(level));
  }
  for (const auto& one : narrow_) all.push_back(narrow_name(one));
  return all;
}

ProcessTimes Limits::measure(const std::string& when, const std::set<Narrow>& narrow) {
  const auto arm_of = [&](const std::string& limit) { return fmt::format("limits {}/{}", when, limit); };
  std::vector<std::string> arms;
  for (const auto& limit : names()) arms.push_back(arm_of(limit));
  const auto spread = report_.spread;  // limits have a sentence of their own
  auto times = recorded_times(context_, report_, arms, [&] {
    const int threads = context_.options.threads;
    const auto machine = bench::measure_machine(
        {.thread_counts = {threads}, .repeats = 5, .scope = bench::MachineScope::steps});
    RecordedSet set;
    for (const auto& limit : names()) {
      double rate = 0;
      for (const auto& one : narrow)
        if (narrow_name(one) == limit) rate = bench::narrow_read_gbps(one.first, one.second, threads);
      if (rate == 0) rate = rate_of(machine, threads, limit);
      set.push_back({arm_of(limit), {}, 0, 0, {}});
      if (rate > 0) set.back().samples_ns.push_back(kGiga / rate);
    }
    return set;
  });
  report_.spread = spread;
  return times;
}

std::vector<double> Limits::rates_by_process(const std::string& limit) const {
  std::vector<double> rates;
  for (std::size_t process = 0; process < times_.processes(); ++process)
    if (const double rate = rate_in(times_.of_process(process), limit); rate > 0) rates.push_back(rate);
  return rates;
}

double Limits::best_arithmetic(const std::string& limit) const {
  const auto rates = rates_by_process(limit);
  return rates.empty() ? 0 : *std::ranges::max_element(rates);
}

bench::Machine Limits::machine(const RecordedSet& process) const {
  bench::Machine machine;
  bench::PeakRow peak;
  peak.threads = context_.options.threads;
  peak.dtype = "f32";
  peak.gflops.best = best_arithmetic(kLoop);
  peak.gemm_gflops.best = best_arithmetic(kProduct);
  machine.peaks.push_back(peak);
  for (const auto& level : levels_of(context_.topology)) {
    bench::BandwidthRow row;
    row.threads = context_.options.threads;
    row.level = level;
    row.read_gbps.best = rate_in(process, read_of(level));
    row.write_gbps.best = rate_in(process, write_of(level));
    machine.bandwidths.push_back(row);
  }
  return machine;
}

double Limits::narrow_gbps(const RecordedSet& process, const Narrow& narrow) const {
  return rate_in(process, narrow_name(narrow));
}

RecordedSet Limits::typical() const {
  RecordedSet set;
  for (const auto& limit : names()) {
    const auto rates = rates_by_process(limit);
    if (rates.empty()) continue;
    const double rate = is_arithmetic(limit) ? *std::ranges::max_element(rates) : median_of(rates);
    set.push_back({"typical/" + limit, {kGiga / rate}, 0, 0, {}});
  }
  return set;
}

Interval Limits::typical_rate(const std::string& limit) const {
  if (times_.processes() != 1)
    return times_.beside(times_, bench::ProcessScale::log,
                         [&](const RecordedSet& process, const RecordedSet&) {
                           const double rate = rate_in(process, limit);
                           return rate > 0 ? std::vector<double>{rate} : std::vector<double>{};
                         });
  // Of one process its best, down to the worse of its readings.
  Interval interval{rate_in(times_.of_process(0), limit), NAN, NAN};
  for (const auto& arm : times_.of_process(0))
    if (arm.name.ends_with("/" + limit) && !arm.samples_ns.empty())
      interval.low = std::fmin(interval.low, kGiga / *std::ranges::min_element(arm.samples_ns));
  interval.high = interval.value;
  return interval;
}

void Limits::add_to_report() const {
  ReportTable table{"limits",
                    "the machine's limits, in each process the best of its samples",
                    {{"limit", ""},
                     {"unit", ""},
                     {"typical", "", 1},
                     {"low", "", 1},
                     {"high", "", 1},
                     {"lowest", "", 1},
                     {"highest", "", 1},
                     {"used", ""}},
                    {}};
  std::vector<std::string> apart;
  for (const auto& limit : names()) {
    const auto rates = rates_by_process(limit);
    if (rates.empty()) continue;
    const auto typical = typical_rate(limit);
    const auto [lowest, highest] = std::ranges::minmax(rates);
    const std::string unit = is_arithmetic(limit) ? "GFLOP/s" : "GB/s";
    table.rows.push_back({limit, unit, typical.value, typical.low, typical.high, lowest, highest,
                          std::string(is_arithmetic(limit) ? "the highest" : "each process its own")});
    if (lowest < (1 - kLimitsApart) * highest)
      apart.push_back(fmt::format("{} {:.1f} to {:.1f} {}", limit, lowest, highest, unit));
    if (limit == kProduct || limit == read_of("memory"))
      report_.findings.push_back(
          {std::string("prediction/limits/") + (limit == kProduct ? "arithmetic" : "memory"),
           fmt::format("the limit of a {}: {} in the typical process, {:.1f} at best.", limit,
                       interval_text(typical, unit, 1), highest),
           unit, typical, false});
  }
  report_.tables.push_back(std::move(table));
  if (!apart.empty())
    report_.notes.push_back(
        fmt::format("the machine's limits differ by more than {:.0f}% between processes: {}. Of arithmetic "
                    "the highest is "
                    "taken, of memory each process's own",
                    100 * kLimitsApart, fmt::join(apart, ", ")));
}

}  // namespace dsx::explain
