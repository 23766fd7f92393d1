// summary.json: the run at a glance, in an order that reads from what was asked to what came out. A number
// that is not defined is null.
#include "study/run/run_summary.hpp"

#include <cmath>

#include "data/io/files.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/json_text.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::run {
namespace {

using Json = nlohmann::ordered_json;

Json metrics_json(const training::Metrics& m) {
  Json json = {{"count", m.count}, {"threshold", m.threshold}};
  for (const auto& [name, value] : training::metric_fields(m)) json[name] = value;  // NaN becomes null
  const training::Confusion& c = m.confusion;
  json["confusion"] = {{"tp", c.tp}, {"fp", c.fp}, {"tn", c.tn}, {"fn", c.fn}};
  return json;
}

Json settings_json(const settings::Settings& settings) {
  Json json;
  for (const settings::Field& field : settings::setting_fields())
    std::visit([&](auto member) { json[field.key] = settings.*member; }, field.member);
  return json;
}

Json data_json(const DataRecord& data) {
  Json splits;
  for (const SplitCount& count : data.splits)
    splits[data::to_string(count.split)] = {{data.class_names.at(0), count.negatives},
                                            {data.class_names.at(1), count.positives}};
  return {
      {"source", data.source}, {"description", data.description}, {"digest", data.digest},
      {"splits", splits},      {"skipped_images", data.skipped},  {"positive_class", data.class_names.at(1)},
      {"notes", data.notes}};
}

Json noise_json(const training::NoiseRecord& noise) {
  return {{"kind", noise.kind},
          {"rate", noise.rate},
          {"training_images", noise.images},
          {"flipped", noise.flipped()},
          {"positive_to_negative", noise.positive_to_negative},
          {"negative_to_positive", noise.negative_to_positive},
          {"digest", noise.digest}};
}

Json subset_json(const SubsetRecord& subset) {
  return {{"images", subset.images},
          {"available", subset.available},
          {"positives", subset.positives},
          {"passes_per_epoch", subset.passes},
          {"images_per_epoch", subset.images * static_cast<std::size_t>(subset.passes)},
          {"digest", subset.digest}};
}

Json epoch_json(const training::EpochRecord& e) {
  return {{"epoch", e.epoch},
          {"lr", e.lr},
          {"train", metrics_json(e.train)},
          {"val", metrics_json(e.val)},
          {"train_s", in_seconds(e.train_ns)},
          {"val_s", in_seconds(e.val_ns)},
          {"data_wait_s", in_seconds(e.data_wait_ns)},
          {"train_images_per_s", e.train_images_per_s}};
}

Json latency_json(const bench::PlanLatency& l) {
  Json steps = Json::array();
  for (const bench::StepTiming& s : l.steps)
    steps.push_back({{"step", s.step},
                     {"layer", s.layer},
                     {"impl", s.impl},
                     {"median_ns", s.time.median_ns},
                     {"share", s.share},
                     {"zeros", std::isnan(s.zeros) ? Json(nullptr) : Json(s.zeros)}});
  const bench::Summary& t = l.time;
  return {{"batch", l.batch},
          {"count", t.count},
          {"left_out", t.left_out},
          {"disturbed_samples", l.disturbed_samples},
          {"median_ns", t.median_ns},
          {"median_low_ns", t.median_low_ns},
          {"median_high_ns", t.median_high_ns},
          {"mean_ns", t.mean_ns},
          {"min_ns", t.min_ns},
          {"p90_ns", t.p90_ns},
          {"p99_ns", t.p99_ns},
          {"mad_ns", t.mad_ns},
          {"iqr_ns", t.iqr_ns},
          {"images_per_s", l.images_per_s},
          {"steps_sum_ns", l.steps_sum_ns},
          {"steps", steps}};
}

Json evaluation_json(const Evaluation& evaluation) {
  Json json = {{"epoch", evaluation.epoch},
               {"threshold_rule", "largest Youden index on val; ties to the lowest threshold"},
               {"logit_threshold", evaluation.logit_threshold},
               {"threshold", training::sigmoid(evaluation.logit_threshold)}};
  for (const SplitResult& split : evaluation.splits)
    json[data::to_string(split.split)] = {{"at_val_threshold", metrics_json(split.at_threshold)},
                                          {"at_half", metrics_json(split.at_half)}};
  return json;
}

Json imported_json(const ImportedRecord& imported) {
  return {{"logit_threshold", imported.logit_threshold ? Json(*imported.logit_threshold) : Json(nullptr)},
          {"class_names", imported.class_names}};
}

Json model_json(const RunRecord& record) {
  const ModelRecord& m = record.model;
  return {{"network", m.network},
          {"variant", m.variant},
          {"input", {m.channels, m.height, m.width}},
          {"parameters", m.parameters},
          {"size_mib", m.size_mib()},
          {"mflop_per_image", m.mflop_per_image},
          {"executed_mflop_per_image", m.executed_mflop_per_image}};
}

Json training_json(const RunRecord& record) {
  Json epochs = Json::array();
  for (const training::EpochRecord& e : record.state.history) epochs.push_back(epoch_json(e));
  return {{"epochs_done", record.state.epochs_done()},
          {"best_epoch", record.state.best_epoch},
          {"stopped_early", record.state.stopped_early},
          {"seconds", in_seconds(record.training_ns)},
          {"learnt", record.learning.learnt},
          {"not_learnt", training::not_learnt_text(record.learning)},
          {"train_metrics",
           "running: from each training step's logits, before its update, against the labels it "
           "learned (wrong ones among them under label noise)"},
          {"epochs", epochs}};
}

}  // namespace

nlohmann::ordered_json summary_json(const RunRecord& record) {
  Json json = {{"format", "downscalexr-summary"},
               {"version", 1},
               {"name", record.name},
               {"status", record.status},
               {"command", record.command}};
  if (!record.message.empty()) json["message"] = record.message;
  json["model"] = model_json(record);
  if (!record.data.description.empty()) json["data"] = data_json(record.data);
  if (record.subset.available > 0) json["train_subset"] = subset_json(record.subset);
  if (record.noise.rate > 0) json["label_noise"] = noise_json(record.noise);
  json["threads"] = {
      {"requested", record.threads.requested == 0 ? Json(nullptr) : Json(record.threads.requested)},
      {"used", record.threads.used},
      {"cpus", record.threads.cpus}};
  if (record.evaluation) json["best"] = evaluation_json(*record.evaluation);
  if (record.imported) json["imported"] = imported_json(*record.imported);
  Json latency = Json::array();
  for (const bench::PlanLatency& l : record.latency) latency.push_back(latency_json(l));
  json["latency"] = latency;
  if (record.loading)
    json["data_loading"] = {{"batch", record.loading->batch},
                            {"images", record.loading->images},
                            {"work_ns_per_batch", record.loading->work_ns_per_batch},
                            {"wait_ns_per_batch", record.loading->wait_ns_per_batch}};
  if (record.pace)
    json["pace"] = {{"epoch_step_ns", record.pace->epoch_step_ns},
                    {"wait_ns", record.pace->wait_ns},
                    {"alone_ns", record.pace->alone_ns},
                    {"ratio", record.pace->ratio()}};
  json["training"] = training_json(record);
  json["peak_rss_mib"] = record.peak_rss_mib;
  json["settings"] = settings_json(record.settings);
  Json environment;
  for (const auto& [key, value] : record.environment) environment[key] = value;
  json["environment"] = environment;
  return json;
}

void write_summary(const std::filesystem::path& path, const RunRecord& record) {
  data::write_file_atomically(path, json_text(summary_json(record), 2) + "\n");
}

}  // namespace dsx::run
