#include "bench/machine/memory_course.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/base/ranks.hpp"

namespace dsx::bench {

namespace {

double ratio_or_one(double a, double b) { return a > 0 && b > 0 ? a / b : 1; }

double median_of_readings(const std::vector<MemoryReading>& readings, std::size_t count,
                          double MemoryReading::*figure) {
  std::vector<double> values;
  for (std::size_t i = 0; i < std::min(count, readings.size()); ++i) values.push_back(readings[i].*figure);
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

MemoryReading MemoryCourse::reference(std::size_t count) const {
  MemoryReading middle;
  for (const auto figure : {&MemoryReading::l2_ns, &MemoryReading::l3_ns, &MemoryReading::memory_ns,
                            &MemoryReading::read_gbps, &MemoryReading::l3_ours_bytes})
    middle.*figure = median_of_readings(readings_, count, figure);
  return middle;
}

double MemoryCourse::median_slowdown() const {
  if (readings_.empty()) return 1;
  const MemoryReading start = reference();
  std::vector<double> times;
  for (const auto& reading : readings_) times.push_back(slowdown(reading, start));
  return median_of(std::move(times));
}

std::string MemoryCourse::sentence() const {
  const MemoryReading start = reference();
  double most = 1, least = 1;
  std::size_t count = 0;
  const MemoryReading* worst = nullptr;
  for (const auto& reading : readings_) {
    const double times = slowdown(reading, start);
    count += unlike(reading, start) ? 1 : 0;
    least = std::min(least, times);
    if (times > most) {
      most = times;
      worst = &reading;
    }
  }
  if (count == 0) return "";
  if (worst == nullptr || most <= kUnlikeMemory)
    return fmt::format("the memory system was {:.1f} times faster than at the start in {} of {} readings",
                       1 / least, count, readings_.size());
  return fmt::format(
      "the memory system was {:.1f} times slower than at the start ({} of {} readings are unlike it; the "
      "worst: memory "
      "{:.0f} ns after {:.0f}, L3 {:.0f} after {:.0f}, reading {:.1f} GB/s after {:.1f})",
      most, count, readings_.size(), worst->memory_ns, start.memory_ns, worst->l3_ns, start.l3_ns,
      worst->read_gbps, start.read_gbps);
}

std::string MemoryCourse::share_sentence(double nominal_l3_bytes) const {
  if (readings_.empty() || nominal_l3_bytes <= 0) return "";
  const double ours = median_of_readings(readings_, readings_.size(), &MemoryReading::l3_ours_bytes);
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
