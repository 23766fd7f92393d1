// The same fused block computed term by term and with fast filters (kernels/fused/fast_filter.hpp): the FLOP
// of the definition and of each kernel, their times, and their errors against the definition in double
// precision. Where the two differ, FLOP are a property of the algorithm, not of the network.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/block_reference.hpp"
#include "bench/arms/chain.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

struct BothAlgorithms {
  std::string op;
  std::size_t direct = 0, fast = 0;
  double direct_error = 0, fast_error = 0;
};

// Values that use all bits of a float, unlike bench::pattern()'s: sums of those round nowhere.
std::vector<float> rounding_values(std::size_t count, unsigned salt) {
  auto values = bench::pattern(count, salt);
  const auto fine = bench::pattern(count, salt + 7);
  for (std::size_t i = 0; i < count; ++i) values[i] = (values[i] + fine[i] / 251.0F) / 4;
  return values;
}

// Largest error of a built block, at places spread over it, as a share of the largest value there. Its source
// and weights are others afterwards.
double largest_error(const bench::BlockSpec& spec, const bench::Work& work) {
  constexpr int kPlaces = 2048;
  const auto conv = bench::geometry_conv(spec.geometry, spec.batch, spec.stride_factor());
  const auto source = rounding_values(bench::element_count(conv.src), 1),
             weights = rounding_values(bench::element_count(conv.weights), 2),
             bias = rounding_values(static_cast<std::size_t>(conv.dst[1]), 3);
  const kernels::Context context;
  const auto& step = work.steps.front();
  const auto write = [&](std::vector<float> values, int argument) {
    bench::write_plain(context, values, step.arguments.at(argument));
  };
  write(source, DNNL_ARG_SRC);
  write(weights, DNNL_ARG_WEIGHTS);
  write(bias, DNNL_ARG_BIAS);
  step.kernel.prepare(step.arguments);
  work.run();
  const bench::BlockReference reference(spec, conv, source, weights, bias);
  const auto& destination = step.arguments.at(DNNL_ARG_DST);
  const auto dims = destination.get_desc().get_dims();
  const auto values = bench::read_plain(context, destination);
  double largest = 0, most = 0;
  for (const auto& place : reference.places(dims, kPlaces)) {
    const auto at =
        ((static_cast<std::size_t>(place.n) * dims[1] + place.c) * dims[2] + place.i) * dims[3] + place.j;
    const double expected = reference.output(place).value;
    largest = std::max(largest, std::abs(values[at] - expected));
    most = std::max(most, std::abs(expected));
  }
  return largest / most;
}

class Algorithms {
 public:
  Algorithms(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry)
      : context_(context),
        report_(report),
        geometry_(geometry),
        arms_(context, report, context.options.seconds) {}

  void run() {
    for (const auto& op : context_.options.variants) add_variant(op);
    if (variants_.empty()) return;
    arms_.run();
    add_table();
    for (const auto& variant : variants_) say(variant);
  }

 private:
  std::optional<std::size_t> add(const std::string& op, kernels::Algorithm algorithm, double& error) {
    auto spec = context_.spec(geometry_, op, bench::Unit::block);
    spec.fused = true;
    spec.algorithm = algorithm;
    const auto name = fmt::format("{}/{}/{}", geometry_.name, op, kernels::to_string(algorithm));
    try {
      auto work = bench::build_block(spec);
      if (algorithm == kernels::Algorithm::fast && work.cost.saved_flop == 0)
        throw UnsupportedError("no fast kernel for this shape here");
      error = largest_error(spec, work);
      return arms_.add(name, std::move(work));
    } catch (const UnsupportedError& problem) {
      report_.notes.push_back(fmt::format("{}: {}", name, problem.what()));
      return std::nullopt;
    }
  }

  void add_variant(const std::string& op) {
    BothAlgorithms both{op};
    const auto fast = add(op, kernels::Algorithm::fast, both.fast_error);
    if (!fast) return;
    const auto direct = add(op, kernels::Algorithm::direct, both.direct_error);
    if (!direct) return;
    both.fast = *fast;
    both.direct = *direct;
    variants_.push_back(both);
  }

  void add_table() {
    ReportTable table{geometry_.name,
                      fmt::format("{}, batch {}, {}: fused, term by term and by fast filters", geometry_.name,
                                  context_.options.batch, counted(context_.options.threads, "thread")),
                      {{"operator", ""},
                       {"work", "MFLOP", 1},
                       {"executed", "MFLOP", 1},
                       {"direct", "ms", 3},
                       {"fast", "ms", 3},
                       {"direct / fast", "", 2},
                       {"rate of direct", "GFLOP/s", 1},
                       {"rate of fast", "GFLOP/s", 1},
                       {"error of direct", "1e-6", 3},
                       {"error of fast", "1e-6", 3},
                       {"fast kernel", ""}},
                      {}};
    for (const auto& v : variants_) {
      const auto& cost = arms_.work(v.fast).cost;
      const double direct_ns = arms_.time_ns(v.direct).value, fast_ns = arms_.time_ns(v.fast).value;
      table.rows.push_back({v.op, cost.flop / 1e6, cost.executed_flop() / 1e6, direct_ns / 1e6, fast_ns / 1e6,
                            arms_.ratio(v.direct, v.fast).value, cost.flop / direct_ns,
                            cost.executed_flop() / fast_ns, v.direct_error * 1e6, v.fast_error * 1e6,
                            arms_.work(v.fast).label});
    }
    report_.tables.push_back(std::move(table));
  }

  void say(const BothAlgorithms& v) {
    const auto& cost = arms_.work(v.fast).cost;
    const auto ratio = arms_.ratio(v.fast, v.direct);
    report_.findings.push_back({fmt::format("algorithm/{}/{}", geometry_.name, v.op),
                                fmt::format("{} {}: by fast filters {:.0f}% of the FLOP, transforms "
                                            "included, take {:.2f} ({:.2f} to {:.2f}) "
                                            "of the time.",
                                            geometry_.name, v.op, 100 * cost.executed_flop() / cost.flop,
                                            ratio.value, ratio.low, ratio.high),
                                "", ratio, false});
  }

  ExplainContext& context_;
  ExperimentReport& report_;
  const bench::Geometry& geometry_;
  ArmSet arms_;
  std::vector<BothAlgorithms> variants_;
};

}  // namespace

void run_algorithm(ExplainContext& context, ExperimentReport& report) {
  report.notes.emplace_back(
      "rates are of executed FLOP; errors are the largest at 2048 places, against the definition in double "
      "precision, in millionths of the largest value there");
  context.budget.expect_sets(static_cast<int>(context.geometries.size()));
  for (const auto& geometry : context.geometries) {
    if (!context.has_time_for(geometry.name, report)) continue;
    context.progress(fmt::format("{} by both algorithms", geometry.name));
    Algorithms(context, report, geometry).run();
  }
  if (report.tables.empty())
    throw UnsupportedError("none of these operators and shapes has a fast kernel here");
}

}  // namespace dsx::explain
