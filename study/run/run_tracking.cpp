// Keys are those of run.h5 and summary.json, so that a point on a server is found in the files.
#include "study/run/run_tracking.hpp"

#include <fmt/core.h>

#include <exception>
#include <map>
#include <set>

#include "kernels/base/clock.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;
using tracking::Numbers;
using tracking::Texts;

tracking::Numbers epoch_numbers(const training::EpochRecord& epoch) {
  Numbers numbers;
  for (const auto& [name, values] : training::to_columns({epoch})) numbers.emplace_back(name, values.at(0));
  return numbers;
}

tracking::Json epoch_event(const training::EpochRecord& epoch) {
  return tracking::metrics_record(epoch_numbers(epoch), epoch.epoch, unix_ms());
}

std::string environment_value(const RunRecord& record, const std::string& key) {
  for (const auto& [name, value] : record.environment)
    if (name == key) return value;
  return "";
}

Texts params_of(const RunRecord& record) {
  Texts params;
  for (const settings::Field& field : settings::setting_fields())
    if (field.in_config) params[field.key] = settings::value_text(record.settings, field);
  params["threads"] = std::to_string(record.threads.used);
  params["parameters"] = std::to_string(record.model.parameters);
  return params;
}

Texts tags_of(const RunRecord& record) {
  Texts tags = common_tags(record.name, "train");
  tags["model_name"] = record.model.network;
  tags["downsampling"] = record.model.variant;
  tags["cpu"] = environment_value(record, "cpu_model");
  tags["isa"] = environment_value(record, "isa");
  tags["threads"] = std::to_string(record.threads.used);
  tags["onednn_version"] = environment_value(record, "onednn_version");
  tags["data_digest"] = record.data.digest;
  tags["command"] = record.command;
  if (record.noise.rate > 0) tags["noise_digest"] = record.noise.digest;
  return tags;
}

tracking::Json input_of(const RunRecord& record) {
  tracking::Json profile = {{"description", record.data.description}};
  for (const SplitCount& split : record.data.splits)
    profile[data::to_string(split.split)] = {{record.data.class_names.at(0), split.negatives},
                                             {record.data.class_names.at(1), split.positives}};
  const std::string name =
      record.data.source == "synthetic" ? "synthetic" : fs::path(record.data.source).filename().string();
  return tracking::input_record(name.empty() ? "data" : name, record.data.digest, record.data.source,
                                profile);
}

// Which epochs, and what else, a journal holds already.
struct Known {
  std::set<std::int64_t> epochs;
  std::map<std::pair<std::string, std::int64_t>, tracking::Json> points;  // the last value at a step
  Texts params;
  bool has_tags = false;
};
Known known_of(const std::vector<tracking::Record>& records) {
  Known known;
  for (const tracking::Record& record : records) {
    const tracking::Json& event = record.event;
    const std::string type = event.value("type", "");
    const auto step = event.value("step", std::int64_t{0});
    if (type == "metrics" && event["values"].contains("epoch")) known.epochs.insert(step);
    if (type == "metrics" && !tracking::is_final_metrics(event))
      for (const auto& [key, value] : event["values"].items()) known.points[{key, step}] = value;
    if (type == "params") known.params = event["values"].get<Texts>();
    if (type == "tags") known.has_tags = true;
  }
  return known;
}

// MLflow never changes a parameter: what a resumed run changed becomes a tag.
void add_changed(std::vector<tracking::Json>& events, const Texts& before, const Texts& now) {
  Texts changed;
  for (const auto& [key, value] : now)
    if (const auto old = before.find(key); old != before.end() && old->second != value)
      changed["resumed." + key] = value;
  if (!changed.empty()) events.push_back(tracking::tags_record(changed));
}

Numbers evaluation_numbers(const Evaluation& evaluation) {
  Numbers numbers = {{"best_epoch", evaluation.epoch},
                     {"best_threshold", training::sigmoid(evaluation.logit_threshold)}};
  for (const SplitResult& split : evaluation.splits) {
    const std::string prefix = "best_" + data::to_string(split.split) + "_";
    for (const auto& [name, value] : training::metric_fields(split.at_threshold))
      numbers.emplace_back(prefix + name, value);
    for (const auto& [name, value] : training::metric_fields(split.at_half))
      if (name != "loss" && name != "auc") numbers.emplace_back(prefix + name + "_at_half", value);
  }
  return numbers;
}

Numbers latency_numbers(const RunRecord& record) {
  constexpr double kMs = 1e-6;
  Numbers numbers;
  for (const bench::PlanLatency& l : record.latency) {
    const std::string prefix = fmt::format("latency_batch{}_", l.batch);
    for (const auto& [name, ns] :
         {std::pair("median_ms", l.time.median_ns), std::pair("median_low_ms", l.time.median_low_ns),
          std::pair("median_high_ms", l.time.median_high_ns), std::pair("p90_ms", l.time.p90_ns),
          std::pair("p99_ms", l.time.p99_ns), std::pair("iqr_ms", l.time.iqr_ns)})
      numbers.emplace_back(prefix + name, ns * kMs);
    numbers.emplace_back(prefix + "images_per_s", l.images_per_s);
    for (const bench::StepTiming& step : l.steps)
      numbers.emplace_back(prefix + step.step + "_median_ms", step.time.median_ns * kMs);
  }
  if (record.loading) {
    numbers.emplace_back("data_loading_per_batch_ms", record.loading->work_ns_per_batch * kMs);
    numbers.emplace_back("data_wait_per_batch_ms", record.loading->wait_ns_per_batch * kMs);
  }
  return numbers;
}

// A cell of a sweep lies in <sweep>/cells/NAME, and its name begins with its variant and seed.
TrackParent parent_of(const RunRecord& record, const fs::path& folder) {
  const fs::path cells = fs::absolute(folder).lexically_normal().parent_path();
  if (cells.filename() != "cells") return {};
  const std::string cell = fmt::format("{}-seed{}-", record.settings.variant, record.settings.seed);
  return {cells.parent_path(), folder.filename().string().starts_with(cell)};
}

Numbers cost_numbers(const RunRecord& record) {
  return {{"training_s", in_seconds(record.training_ns)}, {"peak_rss_mib", record.peak_rss_mib}};
}

// Those that an earlier part of this run has not logged at this step: equal values, and what the run cost
// until then, once.
Numbers without_known(const Tracked& tracked, const Numbers& numbers, std::int64_t step) {
  const Known known = known_of(tracked.before());
  Numbers fresh;
  for (const auto& [key, value] : numbers) {
    const auto before = known.points.find({key, step});
    if (before == known.points.end() ||
        (key != "peak_rss_mib" && before->second != tracking::number_json(value)))
      fresh.emplace_back(key, value);
  }
  return fresh;
}

void add_artifacts(std::vector<tracking::Json>& events, const std::vector<std::string>& names) {
  for (const std::string& name : names) events.push_back(tracking::artifact_record(name));
}

}  // namespace

std::string mlflow_status(const std::string& status) {
  if (status == "finished") return "FINISHED";
  return status == "interrupted" || status == "running" ? "KILLED" : "FAILED";
}

const std::vector<std::string>& small_artifacts() {
  static const std::vector<std::string> names = {"config.yaml", "summary.json"};
  return names;
}
const std::vector<std::string>& large_artifacts() {
  static const std::vector<std::string> names = {"run.h5", "best.h5", "last.h5"};
  return names;
}

void RunTracking::begin(const RunRecord& record, const fs::path& folder) {
  tracked_ = Tracked::open(folder, record.name, record.settings, parent_of(record, folder));
  if (!tracked_) return;
  const Known known = known_of(tracked_->before());
  std::vector<tracking::Json> events;
  if (known.params.empty()) events.push_back(tracking::params_record(params_of(record)));
  add_changed(events, known.params, params_of(record));
  if (!known.has_tags) {
    events.push_back(tracking::tags_record(tags_of(record)));
    events.push_back(input_of(record));
    events.push_back(tracking::artifact_record("config.yaml"));
  }
  for (const training::EpochRecord& epoch : record.state.history)
    if (known.epochs.count(epoch.epoch) == 0) events.push_back(epoch_event(epoch));
  if (!events.empty()) tracked_->add(events);
}

void RunTracking::epoch_done(const RunRecord& record) noexcept {
  if (tracked_) tracked_->add({epoch_event(record.state.history.back())});
}

// A resumed run evaluates the same checkpoint again, and finds the same.
void RunTracking::evaluated(const RunRecord& record) noexcept {
  if (!tracked_ || !record.evaluation) return;
  const int step = record.evaluation->epoch;
  const Numbers fresh = without_known(*tracked_, evaluation_numbers(*record.evaluation), step);
  if (!fresh.empty()) tracked_->add({tracking::metrics_record(fresh, step, unix_ms())});
}

void RunTracking::before_latency() noexcept {
  if (tracked_) tracked_->pause();
}

void RunTracking::after_latency() noexcept {
  if (tracked_) tracked_->resume();
}

void RunTracking::finishing(const RunRecord& record) noexcept {
  if (!tracked_) return;
  std::vector<tracking::Json> events;
  if (const Numbers latency = latency_numbers(record); !latency.empty())
    events.push_back(
        tracking::final_metrics_record(latency, record.evaluation ? record.evaluation->epoch : 0, unix_ms()));
  const int step = record.state.epochs_done();
  if (const Numbers cost = without_known(*tracked_, cost_numbers(record), step); !cost.empty())
    events.push_back(tracking::final_metrics_record(cost, step, unix_ms()));
  tracked_->add(events);
}

// The status goes before the checkpoints, so that a slow line does not leave the run looking alive.
void RunTracking::end(const RunRecord& record) noexcept {
  if (!tracked_) return;
  std::vector<tracking::Json> events;
  const int step = record.state.epochs_done();
  if (record.status != "finished")
    if (const Numbers cost = without_known(*tracked_, cost_numbers(record), step); !cost.empty())
      events.push_back(tracking::metrics_record(cost, step, unix_ms()));
  if (!record.message.empty()) events.push_back(tracking::tags_record({{"message", record.message}}));
  events.push_back(tracking::artifact_record("summary.json"));
  events.push_back(tracking::status_record(mlflow_status(record.status), unix_ms()));
  std::vector<std::string> files;
  for (const std::string& name : large_artifacts())
    if (tracked_->has_file(name)) files.push_back(name);
  add_artifacts(events, files);
  tracked_->add(events);
  tracked_->finish(record.status == "interrupted");
  tracked_.reset();
}

}  // namespace dsx::run
