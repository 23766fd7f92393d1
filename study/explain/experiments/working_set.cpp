// Nanoseconds per output pixel as the bytes touched grow from a part of L1 to beyond the last cache. Where
// memory decides, the curve has knees at the cache sizes; where arithmetic decides, it stays flat. One
// thread, so that the caches are one core's. A knee may lie elsewhere than at a size that the system names:
// on a shared host not all of a cache is ours.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

struct Point {
  int side, batch;
  double pixels = 0, bytes = 0;
  std::size_t arm = 0;
};

// Sides that double the area up to the geometry's own, then batches that double.
std::vector<Point> points_for(const ExplainContext& context, const bench::Geometry& geometry) {
  double last_cache = 1e6;
  for (const auto& cache : context.topology.caches)
    last_cache = std::max(last_cache, static_cast<double>(cache.bytes));
  std::vector<Point> points;
  const int smallest = geometry.kernel + 8;
  std::vector<int> sides;
  for (double side = geometry.height; side >= smallest; side /= std::sqrt(2.0))
    sides.push_back(static_cast<int>(side));
  std::reverse(sides.begin(), sides.end());
  for (const int side : sides) points.push_back({side, 1});
  const double bytes_per_image =
      4.0 * geometry.out_channels * geometry.height * geometry.width / (geometry.stride * geometry.stride);
  for (int batch = 2; bytes_per_image * batch / 2 < 3 * last_cache && batch <= 128; batch *= 2)
    points.push_back({geometry.height, batch});
  return points;
}

std::vector<Point> add_points(ArmSet& arms, ExplainContext& context, const bench::Geometry& geometry,
                              const std::string& op, bench::Unit unit, const std::string& what) {
  std::vector<Point> points;
  for (auto point : points_for(context, geometry)) {
    auto spec = context.spec(geometry, op, unit);
    spec.geometry.height = spec.geometry.width = point.side;
    spec.batch = point.batch;
    try {
      auto work = bench::build_block(spec);
      const auto dims = work.buffers.destination.front().get_desc().get_dims();
      point.pixels = static_cast<double>(dims[0] * dims[2] * dims[3]);
      point.bytes = work.working_set_bytes();
      point.arm = arms.add(fmt::format("{}/{}/side{}/batch{}", geometry.name, what, point.side, point.batch),
                           std::move(work));
      points.push_back(point);
    } catch (const ConfigError&) {
      continue;  // an odd by even image that cannot be halved
    }
  }
  return points;
}

constexpr double kCallOverheadNs = 2e4;  // shorter calls are mostly the call itself

// The point of the least (or, `sign` -1, the most) time per pixel; null when all calls are too short.
const Point* extreme(const ArmSet& arms, const std::vector<Point>& points, double sign) {
  const auto cost = [&](const Point& point) { return sign * arms.time_ns(point.arm).value / point.pixels; };
  const Point* best = nullptr;
  for (const auto& point : points)
    if (arms.time_ns(point.arm).value >= kCallOverheadNs && (best == nullptr || cost(point) < cost(*best)))
      best = &point;
  return best;
}

// Times that a pixel of `a` costs more than one of `b`.
Interval per_pixel_ratio(const ArmSet& arms, const Point& a, const Point& b) {
  return scaled(arms.ratio(a.arm, b.arm), b.pixels / a.pixels);
}

ReportTable curve_table(const ArmSet& arms, const std::vector<Point>& points, const std::string& name,
                        std::string title) {
  ReportTable table{name,
                    std::move(title),
                    {{"side", "pixels", 0},
                     {"batch", "", 0},
                     {"touched", "MB", 3},
                     {"time", "us", 1},
                     {"per output pixel", "ns", 3},
                     {"low", "ns", 3},
                     {"high", "ns", 3},
                     {"times cheapest", "", 2},
                     {"times low", "", 2},
                     {"times high", "", 2},
                     {"bandwidth", "GB/s", 1}},
                    {}};
  const Point* cheapest = extreme(arms, points, 1);
  for (const auto& point : points) {
    const auto time = arms.time_ns(point.arm);
    const auto times =
        cheapest == nullptr ? Interval{NAN, NAN, NAN} : per_pixel_ratio(arms, point, *cheapest);
    table.rows.push_back({static_cast<double>(point.side), static_cast<double>(point.batch),
                          point.bytes / 1e6, time.value / 1e3, time.value / point.pixels,
                          time.low / point.pixels, time.high / point.pixels, times.value, times.low,
                          times.high, arms.work(point.arm).cost.min_bytes / time.value});
  }
  return table;
}

// Where the curve rises between two points, and the caches that end there; empty where it does not.
std::string knee_between(const ExplainContext& context, const ArmSet& arms, const Point& from,
                         const Point& to) {
  constexpr double kKnee = 1.1;  // growth of a factor-2 step that counts
  if (arms.time_ns(from.arm).value < kCallOverheadNs) return "";
  const auto rise = per_pixel_ratio(arms, to, from);
  if (rise.low < kKnee) return "";
  std::string caches;
  for (const auto& cache : context.topology.caches) {
    const auto bytes = static_cast<double>(cache.bytes);
    if (bytes >= 0.5 * from.bytes && bytes <= 1.5 * to.bytes)
      caches += fmt::format(", where L{} ({:.2f} MB) ends", cache.level, bytes / 1e6);
  }
  return fmt::format("{} times from {:.2f} to {:.2f} MB{}", interval_text(rise, ""), from.bytes / 1e6,
                     to.bytes / 1e6,
                     caches.empty() ? ", at the size of no cache that the system names" : caches);
}

void sweep(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry,
           const std::string& op, bench::Unit unit) {
  const auto what = unit == bench::Unit::conv ? std::string("convolution") : op;
  ArmSet arms(context, report, context.options.seconds / 2, 2);
  const std::vector<Point> points = add_points(arms, context, geometry, op, unit, what);
  arms.run();
  report.tables.push_back(curve_table(arms, points, geometry.name + "_" + what,
                                      fmt::format("{}: {} alone, one thread", geometry.name, what)));
  std::string knees;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const std::string knee = knee_between(context, arms, points[i - 1], points[i]);
    if (!knee.empty()) knees += (knees.empty() ? "" : "; ") + knee;
  }
  const Point *cheapest = extreme(arms, points, 1), *costliest = extreme(arms, points, -1);
  if (cheapest == nullptr) {
    report.notes.push_back(
        fmt::format("{} {}: every point is shorter than 20 us: nothing to say", geometry.name, what));
    return;
  }
  const auto growth = per_pixel_ratio(arms, *costliest, *cheapest);
  report.findings.push_back(
      {fmt::format("working_set/{}/{}", geometry.name, what),
       fmt::format("{} {}: the costliest pixel costs {} times the cheapest; {}.", geometry.name, what,
                   interval_text(growth, ""),
                   knees.empty() ? "no step of the curve rises by 10%: no knee" : "it rises " + knees),
       "times", growth, false});
}

}  // namespace

void run_working_set(ExplainContext& context, ExperimentReport& report) {
  const int team = kernels::max_threads();
  kernels::set_threads(1);
  int sets = 0;
  for (const auto& geometry : context.geometries)
    sets += 1 + static_cast<int>(context.pooled_variants(geometry).size());
  context.budget.expect_sets(sets);
  for (const auto& geometry : context.geometries) {
    if (context.has_time_for(geometry.name + " convolution", report)) {
      context.progress(geometry.name + " convolution");
      sweep(context, report, geometry, bench::kNoOperator, bench::Unit::conv);
    }
    for (const auto& op : context.pooled_variants(geometry)) {
      if (!context.has_time_for(geometry.name + " " + op, report)) continue;
      context.progress(geometry.name + " " + op);
      sweep(context, report, geometry, op, bench::Unit::op);
    }
  }
  kernels::set_threads(team);
  std::string caches;
  for (const auto& cache : context.topology.caches)
    caches += fmt::format("{}L{} {:.2f} MB", caches.empty() ? "" : ", ", cache.level,
                          static_cast<double>(cache.bytes) / 1e6);
  report.notes.push_back("caches of this machine, each instance: " + caches);
}

// The largest set's cost per pixel beyond the cheapest's, of calls that are not mostly the call itself.
std::vector<Evidence> evidence_of_working_set(const ExperimentReport& report) {
  std::vector<Evidence> all;
  for (const auto& table : report.tables) {
    const auto split = table.name.rfind('_');
    if (table.rows.empty() || split == std::string::npos || table.columns[0].name != "side") continue;
    const auto cell = [&](const std::vector<ReportCell>& row, const char* column) {
      return number_in(table, row, column);
    };
    const std::vector<ReportCell>* cheapest = nullptr;
    for (const auto& row : table.rows) {
      if (cell(row, "time") * 1e3 < kCallOverheadNs) continue;
      if (cheapest == nullptr || cell(row, "per output pixel") < cell(*cheapest, "per output pixel"))
        cheapest = &row;
    }
    if (cheapest == nullptr) continue;
    const auto& last = table.rows.back();
    const auto rest = [](double least, double most) { return std::clamp(1 - least / most, 0.0, 1.0); };
    Interval share{rest(1, cell(last, "times cheapest")), rest(1, cell(last, "times low")),
                   rest(1, cell(last, "times high"))};
    if (std::isnan(share.value))  // reports of 0.1 have no ratios
      share = {rest(cell(*cheapest, "per output pixel"), cell(last, "per output pixel")),
               rest(cell(*cheapest, "high"), cell(last, "low")),
               rest(cell(*cheapest, "low"), cell(last, "high"))};
    std::string where = table.name;
    // An operator's own name may have underscores ("own_max_k3s2p1"), a shape's none of these.
    const auto own = table.name.find("_own_");
    where[own != std::string::npos ? own : split] = ' ';
    all.push_back({where, "traffic", share,
                   fmt::format("a pixel costs so much more with {:.3g} MB touched than with {:.3g}",
                               cell(last, "touched"), cell(*cheapest, "touched")),
                   "working_set at another time, for others on the host share the caches (study explain "
                   "--experiments working_set)"});
  }
  return all;
}

}  // namespace dsx::explain
