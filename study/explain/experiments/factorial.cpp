// {stride 1, stride 2} x {no downsampling, slice, average, maximum, blur}, all of them interleaved: what the
// convolution's work costs, what moving the intermediate image once more costs, and what pooling's arithmetic
// costs.
//
// For an operator after the stride-1 convolution against the baseline, per shape, the parts telescope:
//   t(s1, op) - t(baseline) = [t(s1, none) - t(baseline)]   convolution: four times the MFLOP, and its larger
//                                                           output
//                           + [t(s1, slice) - t(s1, none)]  traffic: reading half the rows again, writing a
//                                                           quarter
//                           + [t(s1, op) - t(s1, slice)]    the operator itself: arithmetic and the other
//                                                           rows
// so that within a shape they add up by construction. That they add up to the *network's* difference, which
// is measured in the same rounds, is the test; the residual is printed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

struct Key {
  std::string geometry, op;
  int stride;
  // clang-tidy 14 sees a null pointer in a defaulted comparison.
  auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr)
};

class Factorial {
 public:
  Factorial(ExplainContext& context, ExperimentReport& report)
      : context_(context), report_(report), arms_(context, report, context.options.seconds) {}

  void run() {
    for (const auto& geometry : context_.geometries) add(geometry);
    if (context_.whole_network) add_networks();
    context_.budget.expect_sets(1);
    arms_.run();
    for (const auto& geometry : context_.geometries) report_.tables.push_back(table(geometry));
    for (const auto& variant : context_.options.variants) {
      if (variant != context_.baseline()) split(variant);
    }
    report_.notes.push_back(
        "slice reads every second row of the convolution's output and keeps every second pixel: traffic "
        "without "
        "arithmetic. Pooling reads the other rows too: strips tells how much of its part is that traffic.");
  }

 private:
  std::vector<std::string> operators(const bench::Geometry& geometry) const {
    std::vector<std::string> ops{bench::kNoOperator, "slice", "avgpool", "maxpool", "blurpool"};
    for (const auto& variant : context_.pooled_variants(geometry)) {
      if (std::find(ops.begin(), ops.end(), variant) == ops.end()) ops.push_back(variant);
    }
    if (geometry.own && std::find(ops.begin(), ops.end(), geometry.own->name()) == ops.end())
      ops.push_back(geometry.own->name());
    return ops;
  }

  void add(const bench::Geometry& geometry) {
    for (const int stride : {1, 2}) {
      for (const auto& op : operators(geometry)) {
        context_.progress(fmt::format("building {} stride {} {}", geometry.name, stride, op));
        auto spec = context_.spec(geometry, op, bench::Unit::block);
        spec.conv_stride_factor = stride;
        // Our kernel of a convolution with stride 2 and nothing after it goes by its operator's name.
        if (spec.fused && stride == 2 && op == bench::kNoOperator) spec.op = "strided";
        try {
          arms_by_key_[{geometry.name, op, stride}] =
              arms_.add(fmt::format("{}/stride{}/{}", geometry.name, stride, op), bench::build_block(spec));
        } catch (const UnsupportedError& error) {
          report_.notes.push_back(
              fmt::format("{} stride {} {}: {}", geometry.name, stride, op, error.what()));
        } catch (const ConfigError& error) {
          report_.notes.push_back(
              fmt::format("{} stride {} {}: {}", geometry.name, stride, op, error.what()));
        }
      }
    }
  }

  void add_networks() {
    for (const auto& variant : context_.options.variants) {
      networks_.push_back(make_timed_network(context_, variant, context_.options.layout));
      network_arms_[variant] =
          arms_.add("network/" + variant, [network = networks_.back().get()] { network->plan.forward(); });
    }
  }

  bool has(const Key& key) const { return arms_by_key_.contains(key); }

  ReportTable table(const bench::Geometry& geometry) {
    ReportTable table{
        geometry.name,
        fmt::format("{}: convolution + ReLU + operator, batch {}", geometry.name, context_.options.batch),
        {{"operator", ""},
         {"stride 1", "ms", 3},
         {"low1", "ms", 3},
         {"high1", "ms", 3},
         {"work1", "MFLOP", 1},
         {"traffic1", "MB", 1},
         {"stride 2", "ms", 3},
         {"low2", "ms", 3},
         {"high2", "ms", 3},
         {"work2", "MFLOP", 1},
         {"traffic2", "MB", 1}},
        {}};
    for (const auto& op : operators(geometry)) {
      std::vector<ReportCell> row{op};
      for (const int stride : {1, 2}) {
        const auto found = arms_by_key_.find({geometry.name, op, stride});
        if (found == arms_by_key_.end()) {
          row.resize(row.size() + 5, ReportCell(NAN));
          continue;
        }
        const auto time = arms_.time_ns(found->second);
        const auto& cost = arms_.work(found->second).cost;
        for (const double value : {time.value, time.low, time.high}) row.emplace_back(value / 1e6);
        row.emplace_back(cost.flop / 1e6);
        row.emplace_back(cost.min_bytes / 1e6);
      }
      table.rows.push_back(std::move(row));
    }
    return table;
  }

  // The operator and stride that a variant is in this design.
  static Key key_of(const bench::Geometry& geometry, const std::string& variant) {
    const bool table =
        std::any_of(downsample::downsample_table().begin(), downsample::downsample_table().end(),
                    [&](const auto& op) { return op.name == variant; });
    const int stride = table ? downsample::downsample_op(variant).conv_stride : 1;
    return {geometry.name, stride == 1 ? variant : bench::kNoOperator, stride};
  }

  using Terms = std::vector<ArmSet::Term>;
  void part(const std::string& variant, const std::string& where, const std::string& name,
            const std::string& words, const Terms& terms, double whole_ms) {
    if (terms.empty()) return;
    const auto ms = scaled(arms_.combination_ns(terms), 1e-6);
    report_.findings.push_back(
        {fmt::format("factorial/{}-{}/{}/{}", variant, context_.baseline(), where, name),
         fmt::format("{}: {} ({:.0f}% of {}'s difference) {}.", where, interval_text(ms, "ms"),
                     100 * ms.value / whole_ms, where, words),
         "ms", ms, true});
  }

  void split(const std::string& variant) {
    Terms blocks;
    for (const auto& geometry : context_.geometries) {
      const auto a = key_of(geometry, variant), b = key_of(geometry, context_.baseline());
      const Key bare{geometry.name, bench::kNoOperator, a.stride}, slice{geometry.name, "slice", a.stride};
      if (!has(a) || !has(b)) continue;
      const Terms all{{arms_by_key_[a], 1}, {arms_by_key_[b], -1}};
      blocks.insert(blocks.end(), all.begin(), all.end());
      const auto whole = scaled(arms_.combination_ns(all), 1e-6);
      report_.findings.push_back(
          {fmt::format("factorial/{}-{}/{}", variant, context_.baseline(), geometry.name),
           fmt::format("{}: {} takes {} more than {}.", geometry.name, variant, interval_text(whole, "ms"),
                       context_.baseline()),
           "ms", whole, true});
      const auto arm = [&](const Key& key) { return arms_by_key_.at(key); };
      if (!has(bare)) continue;
      if (bare != b) {
        part(variant, geometry.name, "convolution",
             fmt::format("is the convolution with stride {} instead of {} ({})", a.stride, b.stride,
                         b.op == bench::kNoOperator ? "nothing after it" : b.op + " after it"),
             {{arm(bare), 1}, {arm(b), -1}}, whole.value);
      }
      if (!has(slice)) {  // as with --engine fused, which stores no intermediate image that could be moved
        part(variant, geometry.name, "operator",
             fmt::format("is what {} inside the convolution's kernel changes", a.op),
             {{arm(a), 1}, {arm(bare), -1}}, whole.value);
        continue;
      }
      part(variant, geometry.name, "traffic",
           "is moving the intermediate image once more (slice: half its rows read, a quarter written, no "
           "arithmetic)",
           {{arm(slice), 1}, {arm(bare), -1}}, whole.value);
      if (a != slice) {
        part(variant, geometry.name, "operator",
             fmt::format("is what {} does beyond slice: its arithmetic, and reading the other rows", a.op),
             {{arm(a), 1}, {arm(slice), -1}}, whole.value);
      }
    }
    // Without a block to take apart there is no sum to compare.
    if (!network_arms_.empty() && !blocks.empty()) compare_with_network(variant, blocks);
  }

  void compare_with_network(const std::string& variant, const Terms& blocks) {
    const Terms network{{network_arms_.at(variant), 1}, {network_arms_.at(context_.baseline()), -1}};
    auto residual_terms = network;
    for (const auto& term : blocks) residual_terms.push_back({term.arm, -term.weight});
    const auto whole = scaled(arms_.combination_ns(network), 1e-6),
               sum = scaled(arms_.combination_ns(blocks), 1e-6),
               residual = scaled(arms_.combination_ns(residual_terms), 1e-6);
    const auto id = fmt::format("factorial/{}-{}/", variant, context_.baseline());
    report_.findings.push_back(
        {id + "network",
         fmt::format("the whole networks differ by {}; the blocks' parts add up to {}.",
                     interval_text(whole, "ms"), interval_text(sum, "ms")),
         "ms", whole, true});
    report_.findings.push_back(
        {id + "residual",
         fmt::format("residual: {} ({:.1f}% of the whole) is in no part (a block alone may meet other cache "
                     "contents, and "
                     "both networks share layers).",
                     interval_text(residual, "ms"), 100 * residual.value / whole.value),
         "ms", residual, false});
  }

  ExplainContext& context_;
  ExperimentReport& report_;
  ArmSet arms_;
  std::map<Key, std::size_t> arms_by_key_;
  std::vector<std::unique_ptr<TimedNetwork>> networks_;
  std::map<std::string, std::size_t> network_arms_;
};

}  // namespace

void run_factorial(ExplainContext& context, ExperimentReport& report) { Factorial(context, report).run(); }

}  // namespace dsx::explain
