// Hot against cold, argument by argument: 0, 1/4, 1/2, 3/4 and all of its bytes flushed before each run. The
// slope of time over bytes flushed is the time that a byte from memory costs more than one from the cache;
// its inverse is the effective bandwidth. The batch is cut so that the hot working set fits half of the last
// cache: a set that never fits is never hot.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/fc1_arms.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

constexpr std::array<double, 5> kFractions{0, 0.25, 0.5, 0.75, 1};

double bytes_of(const std::vector<dnnl::memory>& memories) {
  double bytes = 0;
  for (const auto& memory : memories) bytes += static_cast<double>(memory.get_desc().get_size());
  return bytes;
}

void flush_share(const std::vector<dnnl::memory>& memories, double share) {
  for (const auto& memory : memories) {
    bench::flush_from_caches(
        memory.get_data_handle(),
        static_cast<std::size_t>(share * static_cast<double>(memory.get_desc().get_size())));
  }
}

double last_cache_bytes(const ExplainContext& context) {
  double bytes = 0;
  for (const auto& cache : context.topology.caches) bytes = std::max(bytes, static_cast<double>(cache.bytes));
  return bytes;
}

// Least-squares slope of time over the fractions, in ns per whole argument, for each round.
Interval slope_ns(const ArmSet& arms, const std::vector<std::size_t>& by_fraction) {
  double mean = 0, squares = 0;
  for (const double f : kFractions) mean += f / kFractions.size();
  for (const double f : kFractions) squares += (f - mean) * (f - mean);
  std::vector<ArmSet::Term> terms;
  for (std::size_t i = 0; i < kFractions.size(); ++i)
    terms.push_back({by_fraction[i], (kFractions[i] - mean) / squares});
  return arms.combination_ns(terms);
}

void measure_work(ExplainContext& context, ExperimentReport& report, ReportTable& table,
                  const std::string& name, const bench::Work& work) {
  struct Argument {
    std::string name;
    const std::vector<dnnl::memory>* memories;
    std::vector<std::size_t> arms;
  };
  std::vector<Argument> arguments{{"source", &work.buffers.source, {}},
                                  {"weights", &work.buffers.weights, {}},
                                  {"destination", &work.buffers.destination, {}}};
  ArmSet arms(context, report, context.options.seconds / 2);
  for (auto& argument : arguments) {
    if (argument.memories->empty()) continue;
    for (const double fraction : kFractions) {
      argument.arms.push_back(arms.add(fmt::format("{}/{}/{:.2f}", name, argument.name, fraction), work.run,
                                       [&work, memories = argument.memories, fraction] {
                                         if (work.prepare) work.prepare();
                                         flush_share(*memories, fraction);
                                       }));
    }
  }
  arms.run();
  for (const auto& argument : arguments) {
    if (argument.arms.empty()) continue;
    const double bytes = bytes_of(*argument.memories);
    const auto slope = slope_ns(arms, argument.arms);
    const auto hot = arms.time_ns(argument.arms.front()), cold = arms.time_ns(argument.arms.back());
    // A slope whose interval reaches 0 gives no bandwidth.
    const bool clear = slope.low > 0;
    table.rows.push_back({name, argument.name, bytes / 1e6, hot.value / 1e3, cold.value / 1e3,
                          slope.value / 1e3, slope.low / 1e3, slope.high / 1e3,
                          clear ? bytes / slope.value : NAN});
    if (bytes < 1e5) continue;  // a few cache lines: no bandwidth to speak of
    if (bytes > last_cache_bytes(context) / 2) {
      report.notes.push_back(
          fmt::format("{}: its {} ({:.1f} MB) fill more than half of the last cache: they are never hot, "
                      "and flushing them changes little",
                      name, argument.name, bytes / 1e6));
      continue;
    }
    const Interval bandwidth{bytes / slope.value, bytes / slope.high, bytes / slope.low};
    report.findings.push_back(
        {fmt::format("hot_cold/{}/{}", name, argument.name),
         clear
             ? fmt::format("{}: a cold {} ({:.2f} MB) adds {} to {:.0f} us, an effective {} to fetch it.",
                           name, argument.name, bytes / 1e6, interval_text(scaled(slope, 1e-3), "us", 1),
                           hot.value / 1e3, interval_text(bandwidth, "GB/s", 1))
             : fmt::format("{}: a cold {} ({:.2f} MB) adds {} to {:.0f} us: nothing that can be told from 0.",
                           name, argument.name, bytes / 1e6, interval_text(scaled(slope, 1e-3), "us", 1),
                           hot.value / 1e3),
         "us", scaled(slope, 1e-3), false});
  }
}

// The largest batch whose working set fits half of the last cache, at least 1.
int batch_that_fits(const ExplainContext& context, const bench::Geometry& geometry) {
  const auto conv = bench::geometry_conv(geometry, 1, 1);
  double bytes = 0;
  for (const auto* dims : {&conv.src, &conv.dst}) {
    double count = 4;
    for (const auto d : *dims) count *= static_cast<double>(d);
    bytes += count;
  }
  return std::clamp(static_cast<int>(last_cache_bytes(context) / 2 / (1.25 * bytes)), 1,
                    context.options.batch);
}

}  // namespace

void run_hot_cold(ExplainContext& context, ExperimentReport& report) {
  ReportTable table{"arguments",
                    "one argument flushed at a time",
                    {{"work", ""},
                     {"argument", ""},
                     {"size", "MB", 3},
                     {"hot", "us", 1},
                     {"cold", "us", 1},
                     {"slope", "us", 1},
                     {"low", "us", 1},
                     {"high", "us", 1},
                     {"bandwidth", "GB/s", 1}},
                    {}};
  for (const auto& geometry : context.geometries) {
    const int batch = batch_that_fits(context, geometry);
    const auto measure_one = [&](const std::string& op, bench::Unit unit) {
      auto spec = context.spec(geometry, op, unit);
      spec.batch = batch;
      const auto name =
          fmt::format("{}/{}/batch{}", geometry.name, unit == bench::Unit::conv ? "convolution" : op, batch);
      context.progress(name);
      measure_work(context, report, table, name, bench::build_block(spec));
    };
    measure_one(bench::kNoOperator, bench::Unit::conv);
    for (const auto& op : context.pooled_variants(geometry)) measure_one(op, bench::Unit::op);
  }
  if (context.whole_network) {
    bench::Axes axes;
    axes.layouts = {kernels::to_string(context.options.layout)};
    axes.dtypes = {"f32"};
    axes.directions = {"inference"};
    axes.batches = {context.options.batch};
    axes.threads = {context.options.threads};
    axes.caches = {"hot"};
    for (const auto& arm : bench::fc1_arms(axes)) {
      context.progress("fc1");
      measure_work(context, report, table, fmt::format("fc1/batch{}", context.options.batch), arm.build());
    }
  }
  report.tables.push_back(std::move(table));
  report.notes.push_back(
      "lines are flushed with " + bench::flush_method() +
      ", from all caches; a destination that is not in the cache is read before it is written");
}

}  // namespace dsx::explain
