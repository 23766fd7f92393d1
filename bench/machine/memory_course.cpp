#include "bench/machine/memory_course.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/base/ranks.hpp"

namespace dsx::bench {

namespace {

double ratio_or_one(double a, double b) { return a > 0 && b > 0 ? a / b : 1; }

using Figure = double MemoryReading::*;
constexpr Figure kFigures[] = {&MemoryReading::l2_ns, &MemoryReading::l3_ns, &MemoryReading::memory_ns,
                               &MemoryReading::read_gbps, &MemoryReading::l3_ours_bytes};

std::vector<double> values_of(const std::vector<MemoryReading>& readings, std::size_t count, Figure figure) {
  std::vector<double> values;
  for (std::size_t i = 0; i < std::min(count, readings.size()); ++i) values.push_back(readings[i].*figure);
  return values;
}

double median_of_fastest_quarter(std::vector<double> values, bool more_is_faster) {
  std::sort(values.begin(), values.end());
  if (more_is_faster) std::reverse(values.begin(), values.end());
  values.resize((values.size() + 3) / 4);
  return median_of(std::move(values));
}

}  // namespace

double slowdown(const MemoryReading& reading, const MemoryReading& reference) {
  const double latency = std::sqrt(ratio_or_one(reading.l3_ns, reference.l3_ns) *
                                   ratio_or_one(reading.memory_ns, reference.memory_ns));
  return std::max(latency, ratio_or_one(reference.read_gbps, reading.read_gbps));
}

bool unlike(const MemoryReading& reading, const MemoryReading& reference) {
  const double times = slowdown(reading, reference);
  return times > kUnlikeMemory || times < 1 / kUnlikeMemory;
}

MemoryReading MemoryCourse::reference() const {
  MemoryReading fast = middle();
  for (const auto figure :
       {&MemoryReading::l2_ns, &MemoryReading::l3_ns, &MemoryReading::memory_ns, &MemoryReading::read_gbps})
    fast.*figure = median_of_fastest_quarter(values_of(readings_, readings_.size(), figure),
                                             figure == &MemoryReading::read_gbps);
  return fast;
}

MemoryReading MemoryCourse::middle(std::size_t count) const {
  MemoryReading middle;
  for (const auto figure : kFigures) middle.*figure = median_of(values_of(readings_, count, figure));
  return middle;
}

std::string MemoryCourse::sentence() const {
  if (readings_.empty()) return "";
  constexpr std::size_t at_the_start = 3;
  const MemoryReading fast = reference();
  const MemoryReading* worst = &readings_.front();
  std::size_t count = 0;
  for (const auto& reading : readings_) {
    count += unlike(reading, fast) ? 1 : 0;
    if (slowdown(reading, fast) > slowdown(*worst, fast)) worst = &reading;
  }
  if (count == 0) return "";
  return fmt::format(
      "the memory system was up to {:.1f} times slower than in its fastest quarter ({:.1f} times at the "
      "start; "
      "{} of {} readings are unlike that quarter; the worst: memory {:.0f} ns instead of {:.0f}, L3 {:.0f} "
      "instead of {:.0f}, reading {:.1f} GB/s instead of {:.1f})",
      slowdown(*worst, fast), slowdown(middle(at_the_start), fast), count, readings_.size(), worst->memory_ns,
      fast.memory_ns, worst->l3_ns, fast.l3_ns, worst->read_gbps, fast.read_gbps);
}

std::string MemoryCourse::share_sentence(double nominal_l3_bytes) const {
  if (readings_.empty() || nominal_l3_bytes <= 0) return "";
  const double ours = middle().l3_ours_bytes;
  const double mb = 1024.0 * 1024.0;
  if (ours <= 0)
    return fmt::format("of the L3's nominal {:.0f} MiB less than an eighth is ours", nominal_l3_bytes / mb);
  return fmt::format("of the L3's nominal {:.0f} MiB about {:.1f} MiB are ours", nominal_l3_bytes / mb,
                     ours / mb);
}

nlohmann::json to_json(const MemoryReading& reading) {
  nlohmann::json chases = nlohmann::json::array();
  for (const auto& row : reading.chases) chases.push_back({{"bytes", row.bytes}, {"ns", row.ns}});
  return {{"start_s", reading.start_s},
          {"took_s", reading.took_s},
          {"l2_ns", reading.l2_ns},
          {"l3_ns", reading.l3_ns},
          {"memory_ns", reading.memory_ns},
          {"read_gb_per_s", reading.read_gbps},
          {"l3_ours_bytes", reading.l3_ours_bytes},
          {"chases", chases}};
}

MemoryReading memory_reading_of(const nlohmann::json& json) {
  MemoryReading reading;
  reading.start_s = json.at("start_s");
  reading.took_s = json.at("took_s");
  reading.l2_ns = json.at("l2_ns");
  reading.l3_ns = json.at("l3_ns");
  reading.memory_ns = json.at("memory_ns");
  reading.read_gbps = json.at("read_gb_per_s");
  reading.l3_ours_bytes = json.at("l3_ours_bytes");
  for (const auto& row : json.at("chases")) reading.chases.push_back({row.at("bytes"), row.at("ns")});
  return reading;
}

}  // namespace dsx::bench
