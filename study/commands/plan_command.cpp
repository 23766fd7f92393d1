// `study plan`: what a network executes, step by step, before anything runs: implementation, layouts, shapes,
// work and least traffic. Reorders and kernels of our own are marked.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "kernels/base/counted.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/onednn/context.hpp"
#include "net/network.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/operators_json.hpp"
#include "study/run/algorithm.hpp"
#include "study/run/make_network.hpp"
#include "study/run/quantize.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/engine.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

const std::vector<std::string> kPlanKeys{"variant",   "network", "layout",    "engine",
                                         "algorithm", "dtype",   "allow_ref", "size",
                                         "channels",  "batch",   "threads",   "oversubscribe"};

constexpr const char* kPlanHelp = R"(study plan: what a network executes, step by step, without running it

Usage:
  study plan [--train] [--json] [SETTINGS]
  study plan --operators-json [--at SHAPES]

  --train          the training plan: forward, loss, backward (default: inference)
  --json           as JSON
  --operators-json the table of downsampling operators as JSON, each as a small ONNX graph, and nothing else
  --at SHAPES      what the operators read there: channels x rows x columns [6x316x316,16x154x154]

Columns: MFLOP is the definition's, a multiply and an add counted as two; executed is what the step computes, less
where --algorithm fast does without products; MB is the least traffic: each input read once, each output
written once, 1 MB = 1e6 bytes. Notes: 'reorder' copies to another layout, 'ours' is not a oneDNN primitive, '+N ch' pads
N channels.

Settings:
)";

struct Totals {
  double mflop = 0, executed_mflop = 0, min_mb = 0;
  int reorders = 0;
};

Totals totals_of(const std::vector<net::PlanRow>& rows) {
  Totals totals;
  for (const auto& row : rows) {
    totals.mflop += row.mflop;
    totals.executed_mflop += row.executed_mflop;
    totals.min_mb += row.min_mb;
    totals.reorders += row.reorder ? 1 : 0;
  }
  return totals;
}

std::string note_of(const net::PlanRow& row) {
  std::string note = row.reorder ? "reorder" : row.ours ? "ours" : "";
  if (row.padded_channels > 0) note += fmt::format("{}+{} ch", note.empty() ? "" : ", ", row.padded_channels);
  return note;
}

void print_plan_text(const net::Network& network, const net::Plan& plan,
                     const std::vector<net::PlanRow>& rows) {
  const auto onednn = kernels::onednn_info();
  fmt::print("network {} {}, {}, batch {}, layout {}, {}, {}, oneDNN {} ({})\n\n", network.spec().name,
             network.options().variant,
             counted(network.parameters().trainable_count(), "trainable parameter"), plan.batch(),
             kernels::to_string(network.context().layout), kernels::dtype_name(network.context().dtype),
             counted(kernels::max_threads(), "thread"), onednn.version, onednn.effective_isa);
  cli::TextTable table(
      {"phase", "step", "implementation", "source", "destination", "MFLOP", "executed", "MB", "note"});
  for (const auto& row : rows) {
    table.add({row.phase, row.step, row.impl, row.src, row.dst, cli::fixed(row.mflop, 2),
               cli::fixed(row.executed_mflop, 2), cli::fixed(row.min_mb, 2), note_of(row)});
  }
  const auto totals = totals_of(rows);
  table.add({"total", counted(rows.size(), "step"), "", "", "", cli::fixed(totals.mflop, 2),
             cli::fixed(totals.executed_mflop, 2), cli::fixed(totals.min_mb, 2),
             fmt::format("{} reorders", totals.reorders)});
  fmt::print("{}\n", table.str());
  fmt::print("{}",
             settings::unfused_text(network.context().fused ? "fused" : "", {network.options().variant}));
  fmt::print("{}", run::algorithm_text(network.context().algorithm, rows));
  fmt::print("activations, workspaces and scratchpad: {:.1f} MB; without reuse of memory {:.1f} MB\n",
             static_cast<double>(plan.arena_bytes()) / 1e6, static_cast<double>(plan.unshared_bytes()) / 1e6);
}

void print_plan_json(const net::Network& network, const net::Plan& plan,
                     const std::vector<net::PlanRow>& rows, const settings::Settings& settings) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    nlohmann::ordered_json step;
    net::for_each_field(row, [&](const char* name, const auto& value) { step[name] = value; });
    steps.push_back(std::move(step));
  }
  const auto onednn = kernels::onednn_info();
  const auto totals = totals_of(rows);
  nlohmann::ordered_json json{
      {"network", network.spec().name},
      {"variant", settings.variant},
      {"parameters", network.parameters().trainable_count()},
      {"batch", plan.batch()},
      {"layout", settings.layout},
      {"engine", settings.engine},
      {"algorithm", settings.algorithm},
      {"operator_fused",
       settings.engine == "fused" && settings::unfused_text(settings.engine, {settings.variant}).empty()},
      {"dtype", settings.dtype},
      {"training", plan.training()},
      {"threads", kernels::max_threads()},
      {"onednn",
       {{"version", onednn.version},
        {"hash", onednn.build_hash},
        {"threading_runtime", onednn.threading_runtime},
        {"isa", onednn.effective_isa}}},
      {"totals",
       {{"steps", rows.size()},
        {"reorders", totals.reorders},
        {"mflop", totals.mflop},
        {"executed_mflop", totals.executed_mflop},
        {"min_mb", totals.min_mb}}},
      {"arena_bytes", plan.arena_bytes()},
      {"unshared_bytes", plan.unshared_bytes()},
      {"steps", std::move(steps)}};
  fmt::print("{}\n", json_text(json, 2));
}

}  // namespace

int plan_command(const std::vector<std::string>& args) {
  namespace po = boost::program_options;
  settings::CommandSyntax syntax;
  syntax.command = "plan";
  syntax.keys = kPlanKeys;
  syntax.extra.add_options()("train", "")("json", "")("operators-json", "")(
      "at", po::value<std::string>()->default_value("6x316x316,16x154x154"), "");
  const auto line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kPlanHelp, settings::settings_help(kPlanKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.extra.count("operators-json") != 0) {
    fmt::print("{}", operators_json(line.extra["at"].as<std::string>()));
    return static_cast<int>(cli::ExitCode::ok);
  }
  settings::apply_threads(line.settings);
  net::Network network = run::declare_network(line.settings);
  if (run::is_int8(network)) run::quantize_with_any_scale(network);
  const auto plan = network.make_plan(line.settings.batch, line.extra.count("train") != 0);
  const auto rows = net::plan_rows(plan);
  line.extra.count("json") != 0 ? print_plan_json(network, plan, rows, line.settings)
                                : print_plan_text(network, plan, rows);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
