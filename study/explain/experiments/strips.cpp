// The causal test that needs no counters: the same primitives, with the convolution's output read back from
// L1, L2, the last cache, or memory. What of pooling's cost vanishes when the strip fits speaks for memory
// traffic, what stays for arithmetic and the calls; account.hpp holds it against what other experiments say.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/strip_runner.hpp"

namespace dsx::explain {
namespace {

struct Level {
  std::string name;  // "L2"
  int rows = 0;      // operator's output rows per strip; 0: layer by layer
  std::size_t conv = 0, both = 0;
  double bytes = 0;
  int strips = 0;
};

// Strips whose intermediate takes half of a level: the other half is for source and destination.
std::vector<Level> levels_for(const ExplainContext& context, const bench::Geometry& geometry,
                              const std::string& op) {
  const int all_rows = StripRunner::output_rows(geometry, op);
  std::vector<Level> levels;
  for (const auto& cache : context.topology.caches) {
    const int sharers = std::max(1, std::min(cache.sharing_hardware_threads, context.options.threads));
    const double share = static_cast<double>(cache.bytes) / sharers / 2;
    const int rows =
        std::clamp(static_cast<int>(share / StripRunner::intermediate_row_bytes(geometry, op)), 1, all_rows);
    if (!levels.empty() && levels.back().rows == rows) continue;
    levels.push_back({fmt::format("L{}", cache.level), rows, 0, 0, 0, 0});
  }
  levels.push_back({"all images", 0, 0, 0, 0, 0});
  return levels;
}

void check_against_block(ExplainContext& context, const bench::Geometry& geometry, const std::string& op,
                         const std::vector<float>& got, const std::string& where) {
  static std::string known_key;
  static std::vector<float> expected;
  const auto key = fmt::format("{}/{}/{}", geometry.name, op, context.options.batch);
  if (key != known_key) {
    auto spec = context.spec(geometry, op, bench::Unit::block);
    spec.layout = kernels::Layout::nhwc;
    auto work = bench::build_block(spec);  // checked against the definition
    work.run();
    expected = bench::read_plain(kernels::Context{}, work.buffers.destination.front());
    known_key = key;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::abs(got.at(i) - expected[i]) <= 1e-4F * std::max(1.0F, std::abs(expected[i])))) {
      throw bench::WrongResult(
          fmt::format("{}: value {} is {} instead of {}: not timed", where, i, got[i], expected[i]));
    }
  }
}

// Adds two arms per level, the convolution alone and both, whose result is checked first.
void add_arms(ArmSet& arms, std::vector<Level>& levels, ExplainContext& context,
              const bench::Geometry& geometry, const std::string& op) {
  for (auto& level : levels) {
    for (const bool with_operator : {false, true}) {
      auto runner = std::make_shared<StripRunner>(geometry, op, context.options.batch,
                                                  context.options.threads, level.rows, with_operator);
      const auto name =
          fmt::format("{}/{}/{}/{}", geometry.name, op, level.name, with_operator ? "both" : "convolution");
      if (with_operator) {
        runner->run();
        check_against_block(context, geometry, op, runner->destination(), name);
      }
      level.bytes = runner->intermediate_bytes();
      level.strips = runner->strips_per_image();
      (with_operator ? level.both : level.conv) = arms.add(name, [runner] { runner->run(); });
    }
  }
}

ReportTable level_table(const ArmSet& arms, const std::vector<Level>& levels, const std::string& name,
                        std::string title) {
  ReportTable table{name,
                    std::move(title),
                    {{"fits", ""},
                     {"intermediate", "KiB", 0},
                     {"strips", "1/image", 0},
                     {"convolution", "ms", 3},
                     {"both", "ms", 3},
                     {"operator", "ms", 3},
                     {"low", "ms", 3},
                     {"high", "ms", 3}},
                    {}};
  for (const Level& level : levels) {
    const auto cost = arms.difference_ns(level.both, level.conv);
    table.rows.push_back({level.name, level.bytes / 1024, static_cast<double>(level.strips),
                          arms.time_ns(level.conv).value / 1e6, arms.time_ns(level.both).value / 1e6,
                          cost.value / 1e6, cost.low / 1e6, cost.high / 1e6});
  }
  return table;
}

std::vector<Finding> findings_of(const ArmSet& arms, const std::vector<Level>& levels,
                                 const bench::Geometry& geometry, const std::string& op) {
  const auto cost = [&](const Level& level) { return arms.difference_ns(level.both, level.conv); };
  const auto& near = *std::min_element(levels.begin(), levels.end(), [&](const Level& a, const Level& b) {
    return cost(a).value < cost(b).value;
  });
  const auto& far = levels.back();
  const auto id = fmt::format("strips/{}/{}/", geometry.name, op);
  const auto whole = scaled(cost(far), 1e-6);
  if (&near == &far)
    return {{id + "traffic",
             fmt::format("{} {}: no strip makes the operator cheaper than {} layer by layer.", geometry.name,
                         op, interval_text(whole, "ms")),
             "ms",
             {0, 0, 0},
             false}};
  const auto stays = scaled(cost(near), 1e-6);
  const auto traffic =
      scaled(arms.combination_ns({{far.both, 1}, {far.conv, -1}, {near.both, -1}, {near.conv, 1}}), 1e-6);
  const auto block = scaled(arms.difference_ns(far.both, near.both), 1e-6);
  return {
      {id + "traffic",
       fmt::format(
           "{} {}: of the operator's {} layer by layer, {} ({:.0f}%) vanish when its input still lies in {}.",
           geometry.name, op, interval_text(whole, "ms"), interval_text(traffic, "ms"),
           100 * traffic.value / whole.value, near.name),
       "ms", traffic, true},
      {id + "arithmetic",
       fmt::format("{} {}: {} stay, with arithmetic, loads from {} and the calls among them.", geometry.name,
                   op, interval_text(stays, "ms"), near.name),
       "ms", stays, true},
      {id + "block",
       fmt::format("{} {}: the whole block is {} faster in strips that fit {} than layer by layer.",
                   geometry.name, op, interval_text(block, "ms"), near.name),
       "ms", block, false}};
}

void measure_op(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry,
                const std::string& op) {
  auto levels = levels_for(context, geometry, op);
  // The traffic is a difference of differences: thrice the samples make it as sure as the other parts.
  ArmSet arms(context, report, 3 * context.options.seconds);
  add_arms(arms, levels, context, geometry, op);
  arms.run();
  report.tables.push_back(
      level_table(arms, levels, geometry.name + "_" + op,
                  fmt::format("{} {}: intermediate read back from ..., {}, images shared out", geometry.name,
                              op, counted(context.options.threads, "thread"))));
  for (auto& finding : findings_of(arms, levels, geometry, op)) report.findings.push_back(std::move(finding));
}

}  // namespace

void run_strips(ExplainContext& context, ExperimentReport& report) {
  if (context.options.layout != kernels::Layout::nhwc)
    report.notes.emplace_back("strips are rows of nhwc images, whatever --layout says");
  int sets = 0;
  for (const auto& geometry : context.geometries)
    sets += static_cast<int>(context.pooled_variants(geometry).size());
  context.budget.expect_sets(sets);
  for (const auto& geometry : context.geometries) {
    for (const auto& op : context.pooled_variants(geometry)) {
      if (!context.has_time_for(geometry.name + " " + op, report)) continue;
      context.progress(fmt::format("{} {} in strips", geometry.name, op));
      measure_op(context, report, geometry, op);
    }
  }
}

std::vector<Evidence> evidence_of_strips(const ExperimentReport& report) {
  std::vector<Evidence> all;
  for (const auto& finding : report.findings) {
    const auto parts = parts_of_id(finding.id);
    if (parts.size() != 4 || parts[3] != "traffic") continue;
    const auto step = parts[1] + " " + parts[2];
    const std::string next =
        "strips with one thread, which has the caches to itself (study explain --experiments strips "
        "--threads 1)";
    const auto* table = find_table(report, parts[1] + "_" + parts[2]);
    const double whole =
        table == nullptr || table->rows.empty() ? NAN : number_in(*table, table->rows.back(), "operator");
    const auto share = share_of(finding.interval, whole);
    all.push_back({step, "traffic", share, "vanishes when its input lies in a near cache", next});
    if (const auto* stays = find_finding(report, fmt::format("strips/{}/{}/arithmetic", parts[1], parts[2])))
      all.push_back({step, "instructions", share_of(stays->interval, whole),
                     "stays when its input lies in a near cache", next});
  }
  return all;
}

}  // namespace dsx::explain
