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
  double most = 0;
  std::string which;
  for (std::size_t i = 0; i < std::size(kFillings); ++i) {
    const auto time = arms.time_ns(i);
    const auto ratio = arms.ratio(i, 0);
    table.rows.push_back({geometry.name, op, bench::to_string(direction), kFillings[i].name, time.value / 1e6,
                          i == 0 ? 1.0 : ratio.value, i == 0 ? 1.0 : ratio.low, i == 0 ? 1.0 : ratio.high});
    const double off = ratio.low > 1 ? ratio.low - 1 : ratio.high < 1 ? 1 - ratio.high : 0;
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
       "share",
       {most, most, most},
       false});
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
  for (const auto& geometry : context.geometries) {
    for (const auto& op : context.pooled_variants(geometry)) {
      for (const auto direction : {bench::Direction::inference, bench::Direction::training_forward}) {
        context.progress(fmt::format("{} {} {}", geometry.name, op, bench::to_string(direction)));
        measure_values(context, report, table, geometry, op, direction);
      }
    }
  }
  report.tables.push_back(std::move(table));
}

}  // namespace dsx::explain
