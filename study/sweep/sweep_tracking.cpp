// Means are over the cells that are finished, as the folder has them; intervals and verdicts are in
// compare.json.
#include "study/sweep/sweep_tracking.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/measure/environment.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/onednn/team.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/sweep/plan_sweep.hpp"

namespace dsx::sweep {
namespace {

namespace fs = std::filesystem;
using tracking::Numbers;
using tracking::Texts;

Texts params_of(const Sweep& sweep) {
  Texts params;
  for (const settings::Field& field : settings::setting_fields())
    if (field.in_config && !is_axis(field)) params[field.key] = settings::value_text(sweep.base, field);
  params["variants"] = fmt::format("{}", fmt::join(sweep.variants, ","));
  params["seeds"] = fmt::format("{}", fmt::join(sweep.seeds, ","));
  params["label_noise"] = fmt::format("{}", fmt::join(sweep.rates, ","));
  params["noise_kinds"] = fmt::format("{}", fmt::join(sweep.noise_kinds, ","));
  return params;
}

Texts tags_of(const Sweep& sweep, const std::string& name, const std::string& command) {
  const bench::Environment environment = bench::read_environment(command);
  Texts tags = run::common_tags(name, "compare");
  tags["model_name"] = sweep.base.network;
  tags["downsampling"] = fmt::format("{}", fmt::join(sweep.variants, ","));
  tags["cpu"] = environment.cpu_model;
  tags["isa"] = environment.isa;
  tags["threads"] =
      std::to_string(sweep.base.threads > 0 ? sweep.base.threads : kernels::default_team().threads);
  tags["onednn_version"] = environment.onednn.version;
  tags["command"] = command;
  return tags;
}

tracking::Json input_of(const Sweep& sweep, const SweepData& data) {
  const std::string& source = sweep.base.data;
  const std::string name = source == "synthetic" ? source : fs::path(source).filename().string();
  const std::string digest = data.digests.empty() ? "" : data.digests.begin()->second;
  return tracking::input_record(name.empty() ? "data" : name, digest, source,
                                {{"description", data.description}});
}

// "avgpool-clean": the cell's name without its seed.
std::string group_of(CellSpec spec) {
  const std::string seed = fmt::format("-seed{}", spec.seed);
  std::string name = name_of(spec);
  if (const auto at = name.find(seed); at != std::string::npos) name.erase(at, seed.size());
  return name;
}

Numbers numbers_of(const std::vector<PlannedCell>& cells) {
  struct Sum {
    double total = 0;
    int count = 0;
  };
  std::map<std::string, Sum> sums;
  double finished = 0, failed = 0;
  for (const PlannedCell& cell : cells) {
    const CellState state = look_at_cell(cell.folder, cell.settings);
    if (state.status == CellStatus::failed) ++failed;
    if (state.status != CellStatus::finished) continue;
    ++finished;
    for (const auto& [key, value] :
         {std::pair("val_auc", state.val_auc), std::pair("test_auc", state.test_auc)}) {
      Sum& sum = sums[group_of(cell.spec) + "/" + key + "_mean"];
      sum.total += value;
      ++sum.count;
    }
  }
  Numbers numbers = {
      {"cells", static_cast<double>(cells.size())}, {"cells_finished", finished}, {"cells_failed", failed}};
  for (const auto& [key, sum] : sums) numbers.emplace_back(key, sum.total / sum.count);
  return numbers;
}

std::vector<tracking::Json> artifact_events(const fs::path& folder) {
  std::vector<tracking::Json> events;
  std::error_code ignored;
  for (const std::string& name : sweep_artifacts())
    if (fs::exists(folder / name, ignored)) events.push_back(tracking::artifact_record(name));
  return events;
}

}  // namespace

const std::vector<std::string>& sweep_artifacts() {
  static const std::vector<std::string> names = {"compare.yaml", "compare.json", "compare.h5",
                                                 "tables",       "latency.json", "report"};
  return names;
}

void keep_track_target(settings::Settings& settings, const fs::path& folder) {
  const tracking::Target target = run::track_target(settings, folder);
  if (target.url.empty()) return;
  settings.track = target.url;
  settings.experiment = target.experiment;
}

void SweepTracking::begin(const Sweep& sweep, const SweepData& data, const fs::path& folder,
                          const std::string& command) {
  const std::string name = folder.filename().string();
  tracked_ = run::Tracked::open(folder, name, sweep.base);
  if (!tracked_) return;
  std::vector<tracking::Json> events;
  // A journal that a workflow's cell began has neither.
  const auto has = [&](const char* type) {
    return std::any_of(tracked_->before().begin(), tracked_->before().end(),
                       [&](const auto& record) { return record.event.value("type", "") == type; });
  };
  if (!has("params")) events.push_back(tracking::params_record(params_of(sweep)));
  events.push_back(tracking::tags_record(tags_of(sweep, name, command)));
  if (!has("input")) events.push_back(input_of(sweep, data));
  tracked_->add(events);
}

void SweepTracking::cells_done(const std::vector<PlannedCell>& cells) noexcept {
  if (!tracked_) return;
  try {
    tracked_->add({tracking::metrics_record(numbers_of(cells), 0, unix_ms())});
  } catch (const std::exception& error) {
    fmt::print(stderr, "study: warning: tracking: {}\n", error.what());
  }
  tracked_->pause();
}

void SweepTracking::end(const fs::path& folder, const std::string& status) noexcept {
  if (!tracked_) return;
  std::vector<tracking::Json> events = artifact_events(folder);
  events.push_back(tracking::status_record(status, unix_ms()));
  tracked_->add(events);
  tracked_->finish(status == "KILLED");
  tracked_.reset();
}

void track_report(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / tracking::kJournalName, ignored)) return;
  const std::unique_ptr<run::Tracked> tracked =
      run::Tracked::open(folder, folder.filename().string(), settings::Settings{});
  if (!tracked) return;
  std::vector<tracking::Json> events = artifact_events(folder);
  events.push_back(tracking::status_record("FINISHED", unix_ms()));
  tracked->add(events);
  tracked->finish(false);
}

}  // namespace dsx::sweep
