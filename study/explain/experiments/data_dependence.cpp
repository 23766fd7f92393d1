// Does the time depend on the values? A maximum that branches would; one that compares vectors does not.
// Constant, sorted, random values, and a half of zeros as a ReLU leaves them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

struct Filling {
  const char* name;
  float (*value)(std::size_t index, std::size_t count);
};
constexpr Filling kFillings[] = {
    {"random", [](std::size_t i, std::size_t) { return bench::pattern_value(i, 7); }},
    {"constant", [](std::size_t, std::size_t) { return 0.75F; }},
    {"sorted", [](std::size_t i, std::size_t n) { return static_cast<float>(i) / static_cast<float>(n); }},
    {"reversed",
     [](std::size_t i, std::size_t n) { return static_cast<float>(n - i) / static_cast<float>(n); }},
    {"after_relu", [](std::size_t i, std::size_t) { return std::max(0.0F, bench::pattern_value(i, 7)); }},
};

void measure_values(ExplainContext& context, ExperimentReport& report, ReportTable& table,
                    const bench::Geometry& geometry, const std::string& op, bench::Direction direction) {
  ArmSet arms(context, report, context.options.seconds / 4);
  for (const auto& filling : kFillings) {
    auto spec = context.spec(geometry, op, bench::Unit::op);
    spec.direction = direction;
    spec.batch = std::min(spec.batch, 8);
    auto work = bench::build_block(spec);
    auto source = work.buffers.source.front();
    std::vector<float> values(bench::element_count(source.get_desc().get_dims()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = filling.value(i, values.size());
    bench::write_plain(kernels::Context{}, values, source);
    arms.add(fmt::format("{}/{}/{}/{}", geometry.name, op, bench::to_string(direction), filling.name),
             std::move(work));
  }
  arms.run();
  double most = 0, farthest = 0;
  std::string which;
  Interval beyond{0, 0, 0};  // of the values that differ most from random ones, as a share of their time
  for (std::size_t i = 0; i < std::size(kFillings); ++i) {
    const auto time = arms.time_ns(i);
    const auto ratio = arms.ratio(i, 0);
    table.rows.push_back({geometry.name, op, bench::to_string(direction), kFillings[i].name, time.value / 1e6,
                          i == 0 ? 1.0 : ratio.value, i == 0 ? 1.0 : ratio.low, i == 0 ? 1.0 : ratio.high});
    const double off = ratio.low > 1 ? ratio.low - 1 : ratio.high < 1 ? 1 - ratio.high : 0;
    if (i > 0 && std::abs(ratio.value - 1) > farthest) {
      farthest = std::abs(ratio.value - 1);
      beyond = {ratio.value - 1, ratio.low - 1, ratio.high - 1};
    }
    if (i > 0 && off > most) {
      most = off;
      which = fmt::format("{} takes {} times random", kFillings[i].name, interval_text(ratio, "", 3));
    }
  }
  report.findings.push_back(
      {fmt::format("data_dependence/{}/{}/{}", geometry.name, op, bench::to_string(direction)),
       fmt::format("{} {} {}: {}.", geometry.name, op, bench::to_string(direction),
                   most > 0.03 ? "values matter: " + which
                               : "values do not matter (all within 3% of random, or not to be "
                                 "told from it)"),
       "share", beyond, false});
}

}  // namespace

void run_data_dependence(ExplainContext& context, ExperimentReport& report) {
  ReportTable table{"values",
                    "the operator alone, by what its input holds",
                    {{"shape", ""},
                     {"operator", ""},
                     {"direction", ""},
                     {"values", ""},
                     {"time", "ms", 3},
                     {"times random", "", 3},
                     {"low", "", 3},
                     {"high", "", 3}},
                    {}};
  int sets = 0;
  for (const auto& geometry : context.geometries)
    sets += 2 * static_cast<int>(context.pooled_variants(geometry).size());
  context.budget.expect_sets(sets);
  for (const auto& geometry : context.geometries) {
    for (const auto& op : context.pooled_variants(geometry)) {
      for (const auto direction : {bench::Direction::inference, bench::Direction::training_forward}) {
        if (!context.has_time_for(fmt::format("{} {} {}", geometry.name, op, bench::to_string(direction)),
                                  report))
          continue;
        context.progress(fmt::format("{} {} {}", geometry.name, op, bench::to_string(direction)));
        measure_values(context, report, table, geometry, op, direction);
      }
    }
  }
  report.tables.push_back(std::move(table));
}

std::vector<Evidence> evidence_of_data_dependence(const ExperimentReport& report) {
  std::vector<Evidence> all;
  for (const auto& finding : report.findings) {
    const auto parts = parts_of_id(finding.id);
    if (parts.size() != 4 || parts[3] != "inference") continue;
    const auto* table = find_table(report, "values");
    if (table == nullptr) continue;
    Interval most{0, 0, 0};  // of the filling that differs most from random values
    for (const auto& row : table->rows) {
      if (text_in(*table, row, "shape") != parts[1] || text_in(*table, row, "operator") != parts[2] ||
          text_in(*table, row, "direction") != parts[3])
        continue;
      const double ratio = number_in(*table, row, "times random"), low = number_in(*table, row, "low"),
                   high = number_in(*table, row, "high");
      most.value = std::max(most.value, std::abs(1 - 1 / ratio));
      most.low = std::max(most.low, std::max({0.0, 1 - 1 / low, 1 / high - 1}));
      most.high = std::max(most.high, std::max(std::abs(1 - 1 / low), std::abs(1 - 1 / high)));
    }
    all.push_back({parts[1] + " " + parts[2], "values", share_of(most, 1),
                   "so far do constant, sorted or half-zero values differ from random ones",
                   "data_dependence for longer (study explain --experiments data_dependence --budget 20m)"});
  }
  return all;
}

}  // namespace dsx::explain
