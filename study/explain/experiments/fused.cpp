// The control: the same block as one kernel of ours, which pools in registers and never stores the
// convolution's output. What pooling costs layer by layer, less what it costs there, goes away with the
// intermediate image; what is left between two fused variants is the operators' own work, not an
// implementation's.
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"

namespace dsx::explain {
namespace {

struct Variant {
  std::string op;
  bool in_convolution = false;  // nothing follows it
  std::size_t conv = 0, block = 0, fused = 0;
};

std::optional<std::size_t> add_if_offered(ArmSet& arms, const std::string& name, const bench::BlockSpec& spec,
                                          ExperimentReport& report) {
  try {
    return arms.add(name, bench::build_block(spec));
  } catch (const UnsupportedError& error) {
    report.notes.push_back(fmt::format("{}: {}", name, error.what()));
    return std::nullopt;
  }
}

class FusedControl {
 public:
  FusedControl(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry)
      : context_(context),
        report_(report),
        geometry_(geometry),
        arms_(context, report, context.options.seconds) {}

  void run() {
    fused_conv_ = add(bench::kNoOperator, bench::Unit::block, true, "fused convolution");
    for (const auto& op : context_.options.variants) add_variant(op);
    if (variants_.empty()) return;
    arms_.run();
    add_table();
    for (const auto& variant : variants_) {
      if (!variant.in_convolution && fused_conv_) say_traffic(variant);
    }
    say_between_variants();
  }

 private:
  std::optional<std::size_t> add(const std::string& op, bench::Unit unit, bool fused,
                                 const std::string& what) {
    auto spec = context_.spec(geometry_, op, unit);
    spec.fused = fused;
    return add_if_offered(arms_, fmt::format("{}/{}/{}", geometry_.name, op, what), spec, report_);
  }

  void add_variant(const std::string& op) {
    const auto fused = add(op, bench::Unit::block, true, "fused");
    if (!fused) return;
    // A convolution alone exists once per stride.
    const auto* const row = context_.spec(geometry_, op, bench::Unit::block).row();
    const bool in_convolution = row != nullptr && row->acts_in_convolution();
    const auto conv = add(in_convolution ? op : bench::kNoOperator, bench::Unit::conv, false, "convolution");
    const auto block = add(op, bench::Unit::block, false, "primitives");
    if (conv && block) variants_.push_back({op, in_convolution, *conv, *block, *fused});
  }

  void add_table() {
    ReportTable table{
        geometry_.name,
        fmt::format("{}, batch {}, {}: layer by layer ({}), and as one kernel of ours", geometry_.name,
                    context_.options.batch, counted(context_.options.threads, "thread"),
                    kernels::to_string(context_.options.layout)),
        {{"operator", ""},
         {"convolution", "ms", 3},
         {"block", "ms", 3},
         {"fused", "ms", 3},
         {"block / fused", "", 2},
         {"fused kernel", ""}},
        {}};
    if (fused_conv_) {
      table.rows.push_back({std::string("none (stores the convolution)"), std::nan(""), std::nan(""),
                            arms_.time_ns(*fused_conv_).value / 1e6, std::nan(""),
                            arms_.work(*fused_conv_).label});
    }
    for (const auto& v : variants_) {
      table.rows.push_back({v.op, arms_.time_ns(v.conv).value / 1e6, arms_.time_ns(v.block).value / 1e6,
                            arms_.time_ns(v.fused).value / 1e6, arms_.ratio(v.block, v.fused).value,
                            arms_.work(v.fused).label});
    }
    report_.tables.push_back(std::move(table));
  }

  void say_traffic(const Variant& v) {
    const auto id = fmt::format("fused/{}/{}/", geometry_.name, v.op);
    const auto apart = scaled(arms_.difference_ns(v.block, v.conv), 1e-6);
    const auto inside = scaled(arms_.difference_ns(v.fused, *fused_conv_), 1e-6);
    const auto traffic =
        scaled(arms_.combination_ns({{v.block, 1}, {v.conv, -1}, {v.fused, -1}, {*fused_conv_, 1}}), 1e-6);
    report_.findings.push_back({id + "apart",
                                fmt::format("{} {}: pooling as a step of its own costs {}.", geometry_.name,
                                            v.op, interval_text(apart, "ms")),
                                "ms", apart, true});
    report_.findings.push_back(
        {id + "inside",
         fmt::format(
             "{} {}: pooling inside the convolution's kernel changes its time by {} (less is possible: a "
             "quarter of the values is stored).",
             geometry_.name, v.op, interval_text(inside, "ms")),
         "ms", inside, false});
    report_.findings.push_back(
        {id + "traffic",
         fmt::format(
             "{} {}: the difference, {}, goes away when the convolution's output is neither written nor read "
             "back.",
             geometry_.name, v.op, interval_text(traffic, "ms")),
         "ms", traffic, true});
  }

  void say_between_variants() {
    const auto& base = variants_.back();
    for (const auto& v : variants_) {
      if (v.op == base.op) continue;
      const auto ratio = arms_.ratio(v.fused, base.fused);
      report_.findings.push_back({fmt::format("fused/{}/{}/{}", geometry_.name, v.op, base.op),
                                  fmt::format("{}: fused, {} takes {:.2f} ({:.2f} to {:.2f}) times as long "
                                              "as {}; layer by layer {:.2f} times.",
                                              geometry_.name, v.op, ratio.value, ratio.low, ratio.high,
                                              base.op, arms_.ratio(v.block, base.block).value),
                                  "", ratio, false});
    }
  }

  ExplainContext& context_;
  ExperimentReport& report_;
  const bench::Geometry& geometry_;
  ArmSet arms_;
  std::optional<std::size_t> fused_conv_;
  std::vector<Variant> variants_;
};

}  // namespace

void run_fused(ExplainContext& context, ExperimentReport& report) {
  report.notes.emplace_back(
      "fused kernels are ours, not oneDNN's, in nchw whatever --layout says; their times hold "
      "for the kernel that the table names");
  context.budget.expect_sets(static_cast<int>(context.geometries.size()));
  for (const auto& geometry : context.geometries) {
    if (!context.has_time_for(geometry.name, report)) continue;
    context.progress(fmt::format("{} fused", geometry.name));
    FusedControl(context, report, geometry).run();
  }
  if (report.tables.empty())
    throw UnsupportedError("none of these operators and shapes has a fused kernel here");
}

// The most that traffic can be: loads from a near cache and calls go away as well. So it can exclude traffic
// and not support it.
std::vector<Evidence> evidence_of_fused(const ExperimentReport& report) {
  std::vector<Evidence> all;
  for (const auto& finding : report.findings) {
    const auto parts = parts_of_id(finding.id);
    if (parts.size() != 4 || parts[3] != "traffic") continue;
    const auto* apart = find_finding(report, fmt::format("fused/{}/{}/apart", parts[1], parts[2]));
    if (apart == nullptr) continue;
    auto most = share_of(finding.interval, apart->interval.value);
    most.low = 0;
    all.push_back({parts[1] + " " + parts[2], "traffic", most,
                   "at most so much goes away with the intermediate image",
                   "fused with one thread (study explain --experiments fused --threads 1)"});
  }
  return all;
}

}  // namespace dsx::explain
