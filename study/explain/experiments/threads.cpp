// What more threads give: inside a layer (oneDNN splits each primitive) against across images (each thread
// runs its share of the batch through one-thread primitives). Traffic that all share does not get faster with
// threads; arithmetic does.
#include <fmt/format.h>

#include <algorithm>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

std::vector<int> thread_counts(int most) {
  std::vector<int> counts;
  for (int count = 1; count < most; count *= 2) counts.push_back(count);
  counts.push_back(most);
  return counts;
}

struct AcrossImages {
  std::vector<bench::Work> works;
  void run() {
    const int threads = static_cast<int>(works.size());
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; ++t) works[static_cast<std::size_t>(t)].run();
  }
};

void measure_unit(ExplainContext& context, ExperimentReport& report, ReportTable& table,
                  const bench::Geometry& geometry, const std::string& op, bench::Unit unit) {
  const int most = context.options.threads;
  const auto what = unit == bench::Unit::conv ? std::string("convolution") : op;
  ArmSet arms(context, report, context.options.seconds / 2, 2);
  struct Row {
    int threads;
    std::size_t within, across;
  };
  std::vector<Row> rows;
  for (const int threads : thread_counts(most)) {
    auto spec = context.spec(geometry, op, unit);
    spec.batch = std::max(spec.batch / most, 1) * most;  // the same images for both ways
    kernels::set_threads(threads);
    auto within = std::make_shared<bench::Work>(bench::build_block(spec));
    const auto name = fmt::format("{}/{}/threads{}", geometry.name, what, threads);
    Row row{threads, 0, 0};
    row.within = arms.add(name + "/within", [within, threads] {
      kernels::set_threads(threads);
      within->run();
    });
    kernels::set_threads(1);
    auto across = std::make_shared<AcrossImages>();
    spec.batch /= threads;
    for (int t = 0; t < threads; ++t) across->works.push_back(bench::build_block(spec));
    row.across = arms.add(name + "/across", [across, threads] {
      kernels::set_threads(threads);
      across->run();
    });
    rows.push_back(row);
  }
  arms.run();
  kernels::set_threads(most);
  const auto one = rows.front().within;
  for (const auto& row : rows) {
    table.rows.push_back({geometry.name, what, static_cast<double>(row.threads),
                          arms.time_ns(row.within).value / 1e6, arms.ratio(one, row.within).value,
                          arms.time_ns(row.across).value / 1e6, arms.ratio(one, row.across).value});
  }
  if (most == 1) return;
  const auto within = arms.ratio(one, rows.back().within), across = arms.ratio(one, rows.back().across);
  report.findings.push_back(
      {fmt::format("threads/{}/{}", geometry.name, what),
       fmt::format("{} {}: {} threads are {} times as fast as one inside the layer, {} times across images.",
                   geometry.name, what, most, interval_text(within, ""), interval_text(across, "")),
       "times", within, false});
}

}  // namespace

void run_threads(ExplainContext& context, ExperimentReport& report) {
  if (context.options.threads == 1) {
    report.not_available = "one thread only: nothing to compare; give --threads 2 or more";
    return;
  }
  ReportTable table{"threads",
                    fmt::format("time of a batch of {}", context.options.batch),
                    {{"shape", ""},
                     {"work", ""},
                     {"threads", "", 0},
                     {"within", "ms", 3},
                     {"speedup within", "", 2},
                     {"across", "ms", 3},
                     {"speedup across", "", 2}},
                    {}};
  int sets = 0;
  for (const auto& geometry : context.geometries)
    sets += 1 + static_cast<int>(context.pooled_variants(geometry).size());
  context.budget.expect_sets(sets);
  for (const auto& geometry : context.geometries) {
    if (context.has_time_for(geometry.name + " convolution", report)) {
      context.progress(geometry.name + " convolution");
      measure_unit(context, report, table, geometry, bench::kNoOperator, bench::Unit::conv);
    }
    for (const auto& op : context.pooled_variants(geometry)) {
      if (!context.has_time_for(geometry.name + " " + op, report)) continue;
      context.progress(geometry.name + " " + op);
      measure_unit(context, report, table, geometry, op, bench::Unit::op);
    }
  }
  report.tables.push_back(std::move(table));
}

}  // namespace dsx::explain
