// One buffer holds all chases: a cache line has room for eight pointers, and level k's go by the k-th. A
// chase visits all lines of its size once, in random order within groups of 256 KiB and group after group, so
// that prefetchers see no pattern and the TLB's misses stay few; a reading samples it at several groups,
// after all of it was read once.
#include "bench/machine/memory_probe.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <numeric>
#include <span>

#include "bench/machine/machine_kernels.hpp"
#include "bench/measure/measure.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/random.hpp"

namespace dsx::bench {

namespace {

constexpr std::size_t kLineBytes = 64, kLevels = 8, kGroupBytes = std::size_t{256} << 10;
constexpr std::size_t kLinesPerGroup = kGroupBytes / kLineBytes;
constexpr int kStarts = 16;
constexpr std::size_t kStepsPerStart = 192;  // 16 x 192 loads: 1 ms of a slow memory

struct Line {
  const Line* next[kLevels];
};
static_assert(sizeof(Line) == kLineBytes);

struct FreeLines {
  void operator()(Line* lines) const { std::free(lines); }
};

// Ends where it began, after all lines.
void order_lines(std::span<Line> lines, std::size_t level, Random& random) {
  std::vector<std::uint32_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t first = 0; first < order.size(); first += kLinesPerGroup) {
    random.shuffle(std::span(order).subspan(first, std::min(kLinesPerGroup, order.size() - first)));
  }
  for (std::size_t i = 0; i < order.size(); ++i)
    lines[order[i]].next[level] = &lines[order[(i + 1) % order.size()]];
}

const Line* chase(const Line* line, std::size_t level, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) line = line->next[level];
  __asm__ volatile("" ::"r"(line) : "memory");
  return line;
}

double l3_bytes_of(const Topology& topology) {
  double bytes = 0;
  for (const auto& cache : topology.caches)
    if (cache.level >= 3) bytes = std::max(bytes, static_cast<double>(cache.bytes));
  return bytes;
}

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
  double l3_bytes = 0;
  std::vector<std::size_t> sizes;  // in lines: L2, then L3's, then memory
  std::unique_ptr<Line[], FreeLines> lines;
  StreamKernels kernels = stream_kernels();
  Random random{18};
  Stopwatch watch;
  std::size_t read_from = 0;  // in lines; bandwidth reads the second half, which no warm-up touches

  std::size_t total() const { return sizes.back(); }

  double chase_ns(std::size_t level) {
    const std::size_t count = sizes[level];
    // Brings back what fits, several times, as caches that keep what L2 evicts need it; memory's is too large
    // for it.
    const auto passes = std::clamp<std::size_t>((std::size_t{24} << 20) / (count * kLineBytes), 2, 6);
    for (std::size_t pass = 0; level + 1 < sizes.size() && pass < passes; ++pass) read_lines(0, count);
    std::vector<double> ns;
    for (int start = 0; start < kStarts; ++start) {
      const Line* at = &lines[random.below(count)];
      ns.push_back(time_once_ns([&] { at = chase(at, level, kStepsPerStart); }) / kStepsPerStart);
    }
    // Groups that are in the cache and groups that are not: the mean is the level's, but for interrupted
    // starts.
    std::sort(ns.begin(), ns.end());
    constexpr std::size_t left_out = 2;
    return std::accumulate(ns.begin(), ns.end() - left_out, 0.0) / static_cast<double>(ns.size() - left_out);
  }

  void read_lines(std::size_t first, std::size_t count) const {
    const float* from = reinterpret_cast<const float*>(lines.get() + first);
    volatile float sink = kernels.read(from, count * (kLineBytes / sizeof(float)));
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

MemoryProbe::MemoryProbe(const Topology& topology) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.l3_bytes = l3_bytes_of(topology);
  const double l2 = l2_bytes_of(topology);
  double most = 256e6;
  if (topology.memory_bytes > 0) most = std::min(most, static_cast<double>(topology.memory_bytes) / 8);
  const double total = std::min(std::max(4 * s.l3_bytes, 64e6), most);
  const auto add = [&](double bytes) {
    s.sizes.push_back(std::max<std::size_t>(1, static_cast<std::size_t>(bytes) / kGroupBytes) *
                      kLinesPerGroup);
  };
  add(l2 / 2);
  for (const double share : {0.125, 0.25, 0.5, 1.0}) {
    const double bytes = s.l3_bytes * share;
    if (bytes >= 2 * l2 && bytes <= total / 2) add(bytes);
  }
  add(total);
  const std::size_t bytes = s.total() * kLineBytes;
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  s.lines.reset(
      static_cast<Line*>(std::aligned_alloc(huge_page, (bytes + huge_page - 1) / huge_page * huge_page)));
  if (!s.lines) throw std::bad_alloc();
  ::madvise(s.lines.get(), bytes, MADV_HUGEPAGE);  // a hint: without it the TLB adds some ns to all levels
  s.read_from = s.total() / 2;
  const std::span<Line> all(s.lines.get(), s.total());
  for (Line& line : all) line = {};
  for (std::size_t level = 0; level < s.sizes.size(); ++level)
    order_lines(all.first(s.sizes[level]), level, s.random);
}

MemoryProbe::~MemoryProbe() = default;

double MemoryProbe::nominal_l3_bytes() const { return state_->l3_bytes; }

MemoryReading MemoryProbe::read() {
  State& s = *state_;
  MemoryReading reading;
  reading.start_s = s.watch.elapsed_s();
  for (std::size_t level = 0; level < s.sizes.size(); ++level)
    reading.chases.push_back({static_cast<double>(s.sizes[level] * kLineBytes), s.chase_ns(level)});
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
