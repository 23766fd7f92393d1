// All chases go through one memory (line_chains.hpp), each by a level of its own, in groups of 256 KiB; a
// reading samples a chase at several lines, after all of it was read once.
#include "bench/machine/memory_probe.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/machine/line_chains.hpp"
#include "bench/machine/machine_kernels.hpp"
#include "bench/measure/measure.hpp"
#include "bench/measure/topology.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/random.hpp"

namespace dsx::bench {

namespace {

constexpr std::size_t kLineBytes = LineChains::kLineBytes, kGroupBytes = std::size_t{256} << 10;
constexpr int kStarts = 16;
constexpr std::size_t kStepsPerStart = 192;  // 16 x 192 loads: 1 ms of a slow memory

double l2_bytes_of(const Topology& topology) {
  for (const auto& cache : topology.caches)
    if (cache.level == 2) return static_cast<double>(cache.bytes);
  return 1e6;  // an assumption, where the system tells none
}

}  // namespace

double size_of_our_share(const std::vector<ChaseRow>& rows, double memory_ns, double l2_ns) {
  if (rows.empty() || memory_ns <= 0) return 0;
  double least_ns = rows.front().ns;
  for (const auto& row : rows) least_ns = std::min(least_ns, row.ns);
  constexpr double as_slow_as_memory = 0.8;
  if (least_ns > l2_ns + as_slow_as_memory * (memory_ns - l2_ns)) return 0;
  const double limit_ns = (least_ns + memory_ns) / 2;
  // From the largest down, since one interrupted row among the small ones says nothing.
  std::size_t inside = rows.size() - 1;
  while (rows[inside].ns > limit_ns) --inside;
  if (inside + 1 == rows.size()) return rows.back().bytes;
  const ChaseRow &below = rows[inside], &above = rows[inside + 1];
  return below.bytes * std::pow(above.bytes / below.bytes, (limit_ns - below.ns) / (above.ns - below.ns));
}

struct MemoryProbe::State {
  State(double l3, const std::vector<LineChains::Level>& levels)
      : l3_bytes(l3), level_count(levels.size()), chains(levels, 18), read_from(total() / 2) {}

  double l3_bytes;
  std::size_t level_count;  // L2, then L3's sizes, then memory
  LineChains chains;
  StreamKernels kernels = stream_kernels();
  Random random{18};
  Stopwatch watch;
  std::size_t read_from;  // in lines; bandwidth reads the second half, which no warm-up touches

  std::size_t total() const { return chains.lines(level_count - 1); }

  double chase_ns(std::size_t level) {
    const std::size_t count = chains.lines(level);
    // Brings back what fits, several times, as caches that keep what L2 evicts need it; memory's is too large
    // for it.
    const auto passes = std::clamp<std::size_t>((std::size_t{24} << 20) / (count * kLineBytes), 2, 6);
    for (std::size_t pass = 0; level + 1 < level_count && pass < passes; ++pass) read_lines(0, count);
    std::vector<double> ns;
    for (int start = 0; start < kStarts; ++start) {
      const std::size_t at = random.below(count);
      ns.push_back(time_once_ns([&] { chains.follow(level, at, kStepsPerStart); }) / kStepsPerStart);
    }
    // Groups that are in the cache and groups that are not: the mean is the level's, but for interrupted
    // starts.
    std::sort(ns.begin(), ns.end());
    constexpr std::size_t left_out = 2;
    return std::accumulate(ns.begin(), ns.end() - left_out, 0.0) / static_cast<double>(ns.size() - left_out);
  }

  void read_lines(std::size_t first, std::size_t count) const {
    constexpr std::size_t floats_of_line = kLineBytes / sizeof(float);
    volatile float sink = kernels.read(chains.floats() + first * floats_of_line, count * floats_of_line);
    (void)sink;
  }

  // The median of parts of 1 MiB, of which one or two may be interrupted; other parts each time, beyond what
  // L3 keeps.
  double read_gbps() {
    constexpr std::size_t parts = 9, part_lines = (std::size_t{1} << 20) / kLineBytes;
    std::vector<double> gbps;
    for (std::size_t part = 0; part < parts; ++part) {
      read_from = read_from + part_lines > total() ? total() / 2 : read_from;
      const double ns = time_once_ns([&] { read_lines(read_from, part_lines); });
      gbps.push_back(static_cast<double>(part_lines * kLineBytes) / ns);
      read_from += part_lines;
    }
    std::sort(gbps.begin(), gbps.end());
    return quantile(gbps, 0.5);
  }
};

MemoryProbe::MemoryProbe(const Topology& topology) {
  const double l2 = l2_bytes_of(topology), l3 = bench::nominal_l3_bytes(topology);
  double most = 256e6;
  if (topology.memory_bytes > 0) most = std::min(most, static_cast<double>(topology.memory_bytes) / 8);
  const double total = std::min(std::max(4 * l3, 64e6), most);
  std::vector<LineChains::Level> levels;
  const auto add = [&](double bytes) {
    const auto groups = std::max<std::size_t>(1, static_cast<std::size_t>(bytes) / kGroupBytes);
    levels.push_back({groups * kGroupBytes, kGroupBytes});
  };
  add(l2 / 2);
  for (const double share : {0.125, 0.25, 0.5, 1.0}) {
    const double bytes = l3 * share;
    if (bytes >= 2 * l2 && bytes <= total / 2) add(bytes);
  }
  add(total);
  state_ = std::make_unique<State>(l3, levels);
}

MemoryProbe::~MemoryProbe() = default;

double MemoryProbe::nominal_l3_bytes() const { return state_->l3_bytes; }

MemoryReading MemoryProbe::read() {
  State& s = *state_;
  MemoryReading reading;
  reading.start_s = s.watch.elapsed_s();
  for (std::size_t level = 0; level < s.level_count; ++level)
    reading.chases.push_back({static_cast<double>(s.chains.lines(level) * kLineBytes), s.chase_ns(level)});
  reading.l2_ns = reading.chases.front().ns;
  reading.memory_ns = reading.chases.back().ns;
  const std::vector<ChaseRow> of_l3(reading.chases.begin() + 1, reading.chases.end() - 1);
  if (!of_l3.empty()) {
    reading.l3_ns =
        std::min_element(of_l3.begin(), of_l3.end(), [](auto& a, auto& b) { return a.ns < b.ns; })->ns;
    reading.l3_ours_bytes = size_of_our_share(of_l3, reading.memory_ns, reading.l2_ns);
  }
  reading.read_gbps = s.read_gbps();
  reading.took_s = s.watch.elapsed_s() - reading.start_s;
  return reading;
}

}  // namespace dsx::bench
