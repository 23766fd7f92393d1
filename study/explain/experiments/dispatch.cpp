// Which implementation oneDNN picks for each operator, layout and direction, what it pads and reorders, and
// what that costs; then what letting oneDNN choose (`any`) costs a whole network against explicit nhwc, and
// why.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/arms/block_builder.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "kernels/onednn/layout.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/timed_network.hpp"

namespace dsx::explain {
namespace {

int padded_of(const std::vector<kernels::Step>& steps) {
  int most = 0;
  for (const auto& step : steps) {
    for (const auto& [argument, md] : step.kernel.arguments) {
      if (md.get_ndims() >= 4 && argument != DNNL_ARG_WEIGHTS && argument != DNNL_ARG_DIFF_WEIGHTS)
        most = std::max(most, kernels::padded_channels(md));
    }
  }
  return most;
}

// All layouts of one operator and direction, interleaved.
void add_rows(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry,
              const std::string& op, const std::string& direction, ReportTable& table) {
  ArmSet arms(context, report, context.options.seconds / 8);
  std::vector<std::string> reasons(kernels::layout_names().size());
  std::vector<int> arm_of(kernels::layout_names().size(), -1);
  for (std::size_t i = 0; i < kernels::layout_names().size(); ++i) {
    auto spec = context.spec(geometry, op, bench::Unit::block);
    spec.layout = kernels::layout_from_string(kernels::layout_names()[i]);
    spec.direction = bench::direction_from_string(direction);
    context.progress(fmt::format("{} {} {} {}", geometry.name, op, direction, kernels::layout_names()[i]));
    try {
      arm_of[i] = static_cast<int>(
          arms.add(fmt::format("{}/{}/{}/{}", geometry.name, op, direction, kernels::layout_names()[i]),
                   bench::build_block(spec)));
    } catch (const UnsupportedError& error) {
      reasons[i] = error.what();
    } catch (const dnnl::error& error) {
      reasons[i] = fmt::format("oneDNN has nothing for it: {}", error.what());
    }
  }
  if (arms.size() > 0) arms.run();
  for (std::size_t i = 0; i < kernels::layout_names().size(); ++i) {
    std::vector<ReportCell> row{op, direction, kernels::layout_names()[i]};
    if (arm_of[i] < 0) {
      row.resize(7, ReportCell(NAN));
      row.emplace_back("not available: " + reasons[i]);
    } else {
      const auto arm = static_cast<std::size_t>(arm_of[i]);
      const auto& work = arms.work(arm);
      row.emplace_back(arms.time_ns(arm).value / 1e6);
      row.emplace_back(arm_of[0] < 0 ? NAN : arms.ratio(arm, static_cast<std::size_t>(arm_of[0])).value);
      row.emplace_back(static_cast<double>(work.reorders));
      row.emplace_back(static_cast<double>(padded_of(work.steps)));
      row.emplace_back(work.label);
    }
    table.rows.push_back(std::move(row));
  }
}

struct StepGroups {
  double reorder_ns = 0, padded_ns = 0, other_ns = 0;
  int reorders = 0, most_padded = 0;
};

StepGroups group(const TimedNetwork& network, const ProcessTimes& times, std::size_t first_arm) {
  StepGroups groups;
  const auto& steps = network.plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const double ns = times.time_ns(first_arm + s).value;
    const int padded = padded_of({steps[s]});
    groups.most_padded = std::max(groups.most_padded, padded);
    if (steps[s].is_reorder) {
      groups.reorder_ns += ns;
      ++groups.reorders;
    } else {
      (padded > 0 ? groups.padded_ns : groups.other_ns) += ns;
    }
  }
  return groups;
}

struct Choice {
  std::string variant;
  Interval any_to_nhwc;  // times
};

Choice compare_any(ExplainContext& context, ExperimentReport& report, const std::string& variant) {
  const auto& options = context.options;
  auto nhwc = make_timed_network(context, variant, kernels::Layout::nhwc);
  auto any = make_timed_network(context, variant, kernels::Layout::any);
  ArmSet arms(context, report, options.seconds / 2);
  const auto any_arm = arms.add("network/" + variant + "/any", [&] { any->plan.forward(); });
  const auto nhwc_arm = arms.add("network/" + variant + "/nhwc", [&] { nhwc->plan.forward(); });
  arms.run();
  const std::vector<TimedNetwork*> both{any.get(), nhwc.get()};
  const auto times = step_times(context, both, options.seconds / 2, report);
  ReportTable table{
      "any_" + variant,
      fmt::format("{}: steps when oneDNN chooses layouts (any)", variant),
      {{"step", ""}, {"implementation", ""}, {"layouts", ""}, {"time", "ms", 3}, {"padded channels", "", 0}},
      {}};
  const auto& steps = any->plan.forward_steps();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const auto& arguments = steps[s].kernel.arguments;
    const auto layout = [&](int argument) {
      const auto found = arguments.find(argument);
      return found == arguments.end() ? std::string("-") : kernels::describe(found->second);
    };
    table.rows.push_back({steps[s].name, steps[s].kernel.impl,
                          fmt::format("{} -> {}", layout(DNNL_ARG_SRC), layout(DNNL_ARG_DST)),
                          times.time_ns(s).value / 1e6, static_cast<double>(padded_of({steps[s]}))});
  }
  report.tables.push_back(std::move(table));
  const auto ratio = arms.ratio(any_arm, nhwc_arm);
  const auto extra = scaled(arms.difference_ns(any_arm, nhwc_arm), 1e-6);
  const auto a = group(*any, times, 0), b = group(*nhwc, times, steps.size());
  report.findings.push_back(
      {"dispatch/any/" + variant,
       fmt::format(
           "{}: letting oneDNN choose (any) takes {} times the explicit nhwc, {} more: {:.2f} ms in {} "
           "reorders (nhwc: {:.2f} ms in {}), {:.2f} ms in steps that pad up to {} (nhwc: {:.2f}), "
           "{:.2f} ms in all others (nhwc: {:.2f}).",
           variant, interval_text(ratio, ""), interval_text(extra, "ms"), a.reorder_ns / 1e6, a.reorders,
           b.reorder_ns / 1e6, b.reorders, a.padded_ns / 1e6, counted(a.most_padded, "channel"),
           b.padded_ns / 1e6, a.other_ns / 1e6, b.other_ns / 1e6),
       "times nhwc", ratio, false});
  return {variant, ratio};
}

// Which layout to ask for, of what was measured here: another CPU may answer otherwise.
void advise(const ExplainContext& context, ExperimentReport& report, const std::vector<Choice>& choices) {
  std::string nhwc, any, equal;
  for (const auto& [variant, ratio] : choices) {
    auto& words = ratio.low > 1 ? nhwc : ratio.high < 1 ? any : equal;
    words += fmt::format("{}{} (any takes {} times nhwc)", words.empty() ? "" : ", ", variant,
                         interval_text(ratio, ""));
  }
  std::string text;
  for (const auto& [layout, words] : {std::pair{"explicit nhwc", nhwc}, {"any", any}, {"either", equal}})
    if (!words.empty()) text += fmt::format("{}{} for {}", text.empty() ? "" : "; ", layout, words);
  const Interval none{std::nan(""), std::nan(""), std::nan("")};
  report.findings.push_back(
      {"dispatch/advice",
       fmt::format("On this CPU ({}), with oneDNN {}, batch {} and {}: {}. Other CPUs "
                   "may want another layout.",
                   context.cpu.empty() ? "unknown" : context.cpu, kernels::onednn_info().version,
                   context.options.batch, counted(context.options.threads, "thread"), text),
       "", none, false});
}

}  // namespace

void run_dispatch(ExplainContext& context, ExperimentReport& report) {
  const auto& variants = context.options.variants;
  const int networks = context.whole_network ? static_cast<int>(variants.size()) : 0;
  const auto blocks =
      static_cast<int>(context.geometries.size() * variants.size() * bench::direction_names().size());
  context.budget.expect_sets(2 * networks + (context.recording == nullptr ? blocks : 0));
  std::vector<Choice> choices;  // the networks first: they decide, the blocks only show why
  for (const auto& variant : variants) {
    if (!context.whole_network || !context.has_time_for("network " + variant + " in any and nhwc", report))
      continue;
    context.progress("network " + variant + " in any and nhwc");
    choices.push_back(compare_any(context, report, variant));
  }
  if (!choices.empty()) advise(context, report, choices);
  if (context.recording != nullptr) return;  // the blocks are the last process's alone: their row says why
  context.budget.expect_sets(blocks);
  for (const auto& geometry : context.geometries) {
    ReportTable table{
        geometry.name,
        fmt::format("{}: convolution + ReLU + operator, batch {}", geometry.name, context.options.batch),
        {{"operator", ""},
         {"direction", ""},
         {"layout", ""},
         {"time", "ms", 3},
         {"times nhwc", "", 2},
         {"reorders", "", 0},
         {"padded channels", "", 0},
         {"implementations", ""}},
        {}};
    for (const auto& op : variants) {
      for (const auto& direction : bench::direction_names()) {
        if (context.has_time_for(fmt::format("{} {} {}", geometry.name, op, direction), report))
          add_rows(context, report, geometry, op, direction, table);
      }
    }
    if (!table.rows.empty()) report.tables.push_back(std::move(table));
  }
}

}  // namespace dsx::explain
