// run.h5: a group per table and a data set per column, which h5py and pandas read in one line
// (pd.DataFrame({k: v[:] for k, v in f["epochs"].items()})). The groups: settings, environment, epochs,
// plans/<name>, predictions/<split> (by the true labels), latency/batch_<n>, and label_noise, which names the
// training images whose labels were made wrong.
#include "study/run/run_h5.hpp"

#include <fmt/core.h>

#include "data/io/h5.hpp"
#include "kernels/base/json_text.hpp"
#include "study/run/run_summary.hpp"
#include "study/settings/settings_fields.hpp"

namespace dsx::run {
namespace {

void write_texts(data::h5::Writer& out, const std::string& group, const bench::Fields& fields) {
  std::vector<std::string> keys, values;
  for (const auto& [key, value] : fields) {
    keys.push_back(key);
    values.push_back(value);
  }
  out.strings(group + "/key", keys);
  out.strings(group + "/value", values);
}

void write_settings(data::h5::Writer& out, const RunRecord& record) {
  bench::Fields values;
  std::vector<std::string> sources;
  for (const settings::Field& field : settings::setting_fields()) {
    values.emplace_back(field.key, settings::value_text(record.settings, field));
    const auto source = record.sources.find(field.key);
    sources.push_back(source == record.sources.end() ? "default" : source->second);
  }
  write_texts(out, "settings", values);
  out.strings("settings/source", sources);
  out.string("config_yaml", settings::to_yaml(record.settings, ""));
}

// One column of a table of structs.
template <typename Row, typename Get>
std::vector<std::string> texts(const std::vector<Row>& rows, Get get) {
  std::vector<std::string> column;
  column.reserve(rows.size());
  for (const Row& row : rows) column.push_back(row.*get);
  return column;
}

template <typename Row, typename Get>
std::vector<double> reals(const std::vector<Row>& rows, Get get) {
  std::vector<double> column;
  column.reserve(rows.size());
  for (const Row& row : rows) column.push_back(static_cast<double>(row.*get));
  return column;
}

void write_plan(data::h5::Writer& out, const PlanRecord& plan) {
  const std::string group = "plans/" + plan.name + "/";
  out.strings(group + "phase", texts(plan.rows, &net::PlanRow::phase));
  out.strings(group + "step", texts(plan.rows, &net::PlanRow::step));
  out.strings(group + "layer", texts(plan.rows, &net::PlanRow::layer));
  out.strings(group + "kind", texts(plan.rows, &net::PlanRow::kind));
  out.strings(group + "impl", texts(plan.rows, &net::PlanRow::impl));
  out.strings(group + "src", texts(plan.rows, &net::PlanRow::src));
  out.strings(group + "dst", texts(plan.rows, &net::PlanRow::dst));
  out.numbers(group + "reorder", reals(plan.rows, &net::PlanRow::reorder));
  out.numbers(group + "mflop", reals(plan.rows, &net::PlanRow::mflop));
  out.numbers(group + "executed_mflop", reals(plan.rows, &net::PlanRow::executed_mflop));
  out.numbers(group + "min_mb", reals(plan.rows, &net::PlanRow::min_mb));
  out.numbers(group + "padded_channels", reals(plan.rows, &net::PlanRow::padded_channels));
}

void write_noise(data::h5::Writer& out, const training::NoiseRecord& noise) {
  out.attribute("flipped_labels", static_cast<std::int64_t>(noise.flipped()));
  out.attribute("flipped_digest", noise.digest);
  out.strings("label_noise/flipped_name", noise.names);
}

void write_predictions(data::h5::Writer& out, const SplitResult& split, const data::Dataset& dataset) {
  const std::string group = "predictions/" + data::to_string(split.split) + "/";
  const training::Predictions& p = split.predictions;
  std::vector<std::string> names, subjects;
  std::vector<double> probabilities;
  for (std::size_t i = 0; i < p.indices.size(); ++i) {
    names.push_back(dataset.items()[p.indices[i]].name);
    subjects.push_back(dataset.items()[p.indices[i]].subject);
    probabilities.push_back(training::sigmoid(p.logits[i]));
  }
  out.strings(group + "name", names);
  out.strings(group + "subject", subjects);
  out.numbers(group + "label", p.labels);
  out.numbers(group + "logit", p.logits);
  out.numbers(group + "probability", probabilities);
}

void write_latency(data::h5::Writer& out, const bench::PlanLatency& latency) {
  const std::string group = fmt::format("latency/batch_{}/", latency.batch);
  out.numbers(group + "samples_ns", latency.samples_ns);
  out.strings(group + "steps/step", texts(latency.steps, &bench::StepTiming::step));
  out.strings(group + "steps/layer", texts(latency.steps, &bench::StepTiming::layer));
  out.strings(group + "steps/impl", texts(latency.steps, &bench::StepTiming::impl));
  out.numbers(group + "steps/share", reals(latency.steps, &bench::StepTiming::share));
  out.numbers(group + "steps/zeros", reals(latency.steps, &bench::StepTiming::zeros));
  std::vector<double> median_ns, p90_ns;
  for (const bench::StepTiming& step : latency.steps) {
    median_ns.push_back(step.time.median_ns);
    p90_ns.push_back(step.time.p90_ns);
  }
  out.numbers(group + "steps/median_ns", median_ns);
  out.numbers(group + "steps/p90_ns", p90_ns);
}

}  // namespace

void write_run_h5(const std::filesystem::path& path, const RunRecord& record, const data::Dataset* dataset) {
  data::h5::Writer out(path);
  out.attribute("format", "downscalexr-run");
  out.attribute("version", std::int64_t{1});
  out.attribute("name", record.name);
  out.attribute("status", record.status);
  out.attribute("command", record.command);
  out.attribute("data_digest", record.data.digest);
  write_settings(out, record);
  write_texts(out, "environment", record.environment);
  for (const auto& [name, values] : training::to_columns(record.state.history))
    out.numbers("epochs/" + name, values);
  if (record.noise.rate > 0) write_noise(out, record.noise);
  for (const PlanRecord& plan : record.plans) write_plan(out, plan);
  if (record.evaluation && dataset) {
    out.attribute("best_epoch", std::int64_t{record.evaluation->epoch});
    out.attribute("logit_threshold", record.evaluation->logit_threshold);
    for (const SplitResult& split : record.evaluation->splits) write_predictions(out, split, *dataset);
  }
  for (const bench::PlanLatency& latency : record.latency) write_latency(out, latency);
  out.string("summary_json", json_text(summary_json(record), 2));
  out.commit();
}

}  // namespace dsx::run
