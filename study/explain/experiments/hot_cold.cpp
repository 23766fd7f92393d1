// Hot against cold, argument by argument: 0, 1/4, 1/2, 3/4 and all of its bytes flushed before each run. The
// slope of time over bytes flushed is the time that a byte from memory costs more than one from the cache;
// its inverse is the effective bandwidth. The batch is cut so that the hot working set fits half of the last
// cache: a set that never fits is never hot.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/fc1_arms.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/operator_reads.hpp"

namespace dsx::explain {
namespace {

constexpr std::array<double, 5> kFractions{0, 0.25, 0.5, 0.75, 1};
constexpr double kLeastBytes = 1e5;
constexpr double kSurelyHot = 1.1;  // times that a flushed source takes a plain read that was hot before

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

// The control: a plain read of the same source, hot and flushed. When flushing does not slow that down, the
// bytes were not in the caches to begin with (not all of a shared cache need be ours), and the work's own
// difference says nothing. Two arms, hot first; none for a source that cannot be hot.
std::vector<std::size_t> add_control(ExplainContext& context, ArmSet& arms, const std::string& name,
                                     const bench::Work& work) {
  const auto& source = work.buffers.source;
  const double bytes = bytes_of(source);
  if (source.size() != 1 || bytes < kLeastBytes || bytes > last_cache_bytes(context) / 2) return {};
  const auto* from = static_cast<const float*>(source.front().get_data_handle());
  const int threads = context.options.threads;
  const std::size_t piece =
      source.front().get_desc().get_size() / sizeof(float) / static_cast<std::size_t>(threads);
  const auto read = [from, threads, piece] {
    volatile float sink = 0;
    float most = 0;
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(max : most)
    for (int t = 0; t < threads; ++t)
      most = std::max(most, read_floats(from + static_cast<std::size_t>(t) * piece, piece, 1));
    sink = most;
  };
  std::vector<std::size_t> control;
  for (const double fraction : {0.0, 1.0})
    control.push_back(arms.add(fmt::format("{}/control/{:.2f}", name, fraction), read,
                               [&work, fraction] { flush_share(work.buffers.source, fraction); }));
  return control;
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
  const auto control = add_control(context, arms, name, work);
  arms.run();
  const Interval control_ratio =
      control.empty() ? Interval{NAN, NAN, NAN} : arms.ratio(control.back(), control.front());
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
    const bool is_source = argument.memories == &work.buffers.source;
    for (const double value : {control_ratio.value, control_ratio.low, control_ratio.high})
      table.rows.back().emplace_back(is_source ? value : NAN);
    if (bytes < kLeastBytes) continue;  // a few cache lines: no bandwidth to speak of
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
                     {"bandwidth", "GB/s", 1},
                     {"read cold/hot", "", 2},
                     {"control low", "", 2},
                     {"control high", "", 2}},
                    {}};
  int sets = context.whole_network ? 1 : 0;
  for (const auto& geometry : context.geometries)
    sets += 1 + static_cast<int>(context.pooled_variants(geometry).size());
  context.budget.expect_sets(sets);
  for (const auto& geometry : context.geometries) {
    const int batch = batch_that_fits(context, geometry);
    const auto measure_one = [&](const std::string& op, bench::Unit unit) {
      auto spec = context.spec(geometry, op, unit);
      spec.batch = batch;
      const auto name =
          fmt::format("{}/{}/batch{}", geometry.name, unit == bench::Unit::conv ? "convolution" : op, batch);
      context.progress(name);
      if (!context.has_time_for(name, report)) return;
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
      "read cold/hot is the control: a plain read of the same source; near 1 says that it was never in the "
      "caches; lines are flushed with " +
      bench::flush_method() +
      ", from all caches; a destination that is not in the cache is read before it is written");
}

// A cold source against a hot one, of the operator's or convolution's own step; its share of the cold time.
std::vector<Evidence> evidence_of_hot_cold(const ExperimentReport& report) {
  std::vector<Evidence> all;
  const auto* table = find_table(report, "arguments");
  if (table == nullptr) return all;
  for (const auto& row : table->rows) {
    const auto parts = parts_of_id(text_in(*table, row, "work"));  // "block1/maxpool/batch4"
    if (parts.size() != 3 || text_in(*table, row, "argument") != "source") continue;
    Interval slope{number_in(*table, row, "slope"), number_in(*table, row, "low"),
                   number_in(*table, row, "high")};
    const double hot = number_in(*table, row, "hot");
    // Without a finding the set was never hot, or of a few lines.
    const bool is_told =
        find_finding(report, fmt::format("hot_cold/{}/source", fmt::join(parts, "/"))) != nullptr;
    std::string words = fmt::format("a cold source costs so much more, {}", parts[2]);
    // A plain read of the same bytes that does not care either shows that they were never hot.
    bool is_hot = is_told;
    if (const double control_low = number_in(*table, row, "control low"); std::isfinite(control_low)) {
      is_hot = is_told && control_low > kSurelyHot;
      if (!is_hot)
        words = "a plain read of these bytes is hardly slower when they are flushed: they were never hot";
    }
    if (!is_told) words = "its set does not fit half of the last cache";
    all.push_back(
        {parts[0] + " " + parts[1], "traffic",
         is_hot ? share_of(slope, hot + slope.value) : Interval{NAN, NAN, NAN}, words,
         "hot_cold with a batch that fits L2, for not all of the last cache need be ours (study explain "
         "--experiments hot_cold --batch 1)"});
  }
  return all;
}

}  // namespace dsx::explain
