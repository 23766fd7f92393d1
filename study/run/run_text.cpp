// Text for people: three digits, milliseconds, names of classes. Undefined ratios read "n/a".
#include "study/run/run_text.hpp"

#include <fmt/core.h>

#include <cmath>

#include "bench/measure/environment.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/text_table.hpp"
#include "study/settings/engine.hpp"

namespace dsx::run {
namespace {

const SplitResult* find_split(const Evaluation& evaluation, data::Split split) {
  for (const SplitResult& result : evaluation.splits)
    if (result.split == split) return &result;
  return nullptr;
}

std::vector<std::string> metric_cells(const training::Metrics& m) {
  return {cli::fixed(m.loss, 4),   cli::fixed(m.accuracy, 3),    cli::fixed(m.precision, 3),
          cli::fixed(m.recall, 3), cli::fixed(m.specificity, 3), cli::fixed(m.f1, 3),
          cli::fixed(m.auc, 4)};
}

std::string split_line(const char* split, const training::Metrics& m) {
  return fmt::format("{:<5} loss {}  acc {}  prec {}  rec {}  spec {}  f1 {}  auc {}", split,
                     cli::fixed(m.loss, 4), cli::fixed(m.accuracy, 3), cli::fixed(m.precision, 3),
                     cli::fixed(m.recall, 3), cli::fixed(m.specificity, 3), cli::fixed(m.f1, 3),
                     cli::fixed(m.auc, 4));
}

std::string confusion_text(const RunRecord& record, const SplitResult& split) {
  const training::Confusion& c = split.at_threshold.confusion;
  const std::string &negative = record.data.class_names.at(0), &positive = record.data.class_names.at(1);
  cli::TextTable table({"true class", "predicted " + negative, "predicted " + positive});
  table.add({negative, std::to_string(c.tn), std::to_string(c.fp)});
  table.add({positive, std::to_string(c.fn), std::to_string(c.tp)});
  return fmt::format("\nConfusion matrix on {} at threshold {}; positive class: {}\n{}",
                     data::to_string(split.split), cli::fixed(split.at_threshold.threshold, 3),
                     one_line(positive), table.str());
}

std::string steps_text(const bench::PlanLatency& latency) {
  cli::TextTable table({"step", "implementation", "median ms", "share %"});
  for (const bench::StepTiming& step : latency.steps)
    table.add(
        {step.step, step.impl, cli::milliseconds(step.time.median_ns), cli::fixed(100 * step.share, 1)});
  std::string text =
      fmt::format("\nTime by step of the plan, batch {} (each step timed in passes of its own)\n{}",
                  latency.batch, table.str());
  for (const bench::StepTiming& step : latency.steps) {
    if (!std::isnan(step.zeros))
      text +=
          fmt::format("  {} skips the inputs that are 0, here {}% of them: its time depends on the images\n",
                      step.step, cli::fixed(100 * step.zeros, 1));
  }
  return text;
}

// One that only measures latency has no data, and so no classes.
std::string class_name(const RunRecord& record, std::size_t label) {
  const std::vector<std::string>& names = record.data.class_names;
  return label < names.size() ? one_line(names[label]) : "";
}

}  // namespace

std::string start_text(const RunRecord& record) {
  const ModelRecord& m = record.model;
  const std::string negative = class_name(record, 0), positive = class_name(record, 1);
  std::string text = fmt::format(
      "network {} with {}: input {}x{}x{}, {} parameters ({:.2f} MiB), {:.1f} MFLOP per image forward, "
      "layout {}\n",
      m.network, m.variant, m.channels, m.height, m.width, cli::grouped(m.parameters), m.size_mib(),
      m.mflop_per_image,
      record.settings.layout + (record.settings.dtype == "f32" ? "" : ", " + record.settings.dtype));
  text += settings::unfused_text(record.settings.engine, {m.variant}) + m.algorithm;
  for (const SplitCount& split : record.data.splits)
    text += fmt::format("{:<5} {} {}, {} {}\n", data::to_string(split.split), split.negatives, negative,
                        split.positives, positive);
  if (const training::NoiseRecord& n = record.noise; n.rate > 0)
    text += fmt::format(
        "label noise: {} of {} are wrong ({}, rate {}): {} {} called {}, {} "
        "the other way round\n",
        n.flipped(), counted(n.images, "training label"), n.kind, n.rate, n.positive_to_negative, positive,
        negative, n.negative_to_positive);
  return text + fmt::format("{} on {}; run {}\n\n", counted(record.threads.used, "thread"),
                            counted(record.threads.cpus, "CPU"), one_line(record.name));
}

std::string epoch_text(const training::TrainState& state, int epochs, bool best) {
  const training::EpochRecord& e = state.history.back();
  const std::string label = fmt::format("epoch {}/{}", e.epoch, epochs);
  return fmt::format("{:<12} {}  {:.1f} s, {:.0f} images/s\n{:<12} {}{}\n", label,
                     split_line("train", e.train), in_seconds(e.train_ns), e.train_images_per_s, "",
                     split_line("val", e.val), best ? "  best so far" : "");
}

std::string evaluation_text(const RunRecord& record) {
  if (!record.evaluation) return "";
  const Evaluation& evaluation = *record.evaluation;
  std::string text = fmt::format("\nBest checkpoint: epoch {} (highest val AUC); positive class: {}\n",
                                 evaluation.epoch, one_line(record.data.class_names.at(1)));
  cli::TextTable table(
      {"split", "threshold", "loss", "accuracy", "precision", "recall", "specificity", "f1", "auc"});
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test}) {
    const SplitResult* result = find_split(evaluation, split);
    if (!result) continue;
    for (const auto& [metrics, rule] :
         {std::pair(&result->at_threshold, " from val"), std::pair(&result->at_half, " fixed")}) {
      std::vector<std::string> row = {data::to_string(split), cli::fixed(metrics->threshold, 3) + rule};
      for (std::string& cell : metric_cells(*metrics)) row.push_back(std::move(cell));
      table.add(std::move(row));
    }
  }
  text += table.str();
  if (const SplitResult* test = find_split(evaluation, data::Split::test))
    text += confusion_text(record, *test);
  return text;
}

std::string latency_text(const RunRecord& record) {
  std::string text = fmt::format("\nCPU latency of a forward pass, random images in memory, {}\n",
                                 counted(record.threads.used, "thread"));
  cli::TextTable table({"what", "batch", "median ms", "95% interval", "p90 ms", "p99 ms", "spread (IQR) ms",
                        "images/s", "runs"});
  for (const bench::PlanLatency& l : record.latency)
    table.add({"forward", std::to_string(l.batch), cli::milliseconds(l.time.median_ns),
               cli::milliseconds(l.time.median_low_ns) + " - " + cli::milliseconds(l.time.median_high_ns),
               cli::milliseconds(l.time.p90_ns), cli::milliseconds(l.time.p99_ns),
               cli::milliseconds(l.time.iqr_ns), cli::fixed(l.images_per_s, 1),
               std::to_string(l.time.count)});
  if (record.loading) {
    const LoadingRecord& l = *record.loading;
    table.add({"data loading", std::to_string(l.batch), cli::milliseconds(l.work_ns_per_batch), "mean", "-",
               "-", "-", cli::fixed(l.batch * 1e9 / l.work_ns_per_batch, 1), "-"});
  }
  text += table.str();
  for (const bench::PlanLatency& l : record.latency) {
    if (10 * l.disturbed_samples > l.samples_ns.size())
      text +=
          fmt::format("  batch {}: other processes disturbed {} of {}; measure again on a quiet machine\n",
                      l.batch, l.disturbed_samples, counted(l.samples_ns.size(), "pass", "passes"));
  }
  if (record.loading)
    text += fmt::format(
        "  data loading: a thread of its own reads and prepares the next batches; the network waited {} ms "
        "per batch for it\n",
        cli::milliseconds(record.loading->wait_ns_per_batch));
  if (record.pace)
    text += fmt::format(
        "  training: {} ms per step in the last epoch, {} ms alone: {} times as long; waited {} ms per step "
        "for data\n",
        cli::milliseconds(record.pace->epoch_step_ns), cli::milliseconds(record.pace->alone_ns),
        cli::fixed(record.pace->ratio(), 3), cli::milliseconds(record.pace->wait_ns));
  for (const bench::PlanLatency& latency : record.latency)
    if (!latency.steps.empty()) text += steps_text(latency);
  return text;
}

std::string end_text(const RunRecord& record, const std::filesystem::path& folder) {
  std::string text = "\n";
  if (record.training_ns > 0)
    text += fmt::format("trained {} in {}; ", counted(record.state.epochs_done(), "epoch"),
                        cli::duration(in_seconds(record.training_ns)));
  text += fmt::format("peak memory {:.0f} MiB\n", record.peak_rss_mib);
  const std::string name = bench::shell_quoted(folder.string());  // to be pasted
  const bool times_only = record.settings.latency_only || record.settings.repeat_for > 0;
  text += fmt::format("Everything is in {}\n", name);
  cli::TextTable files({"file", "what", "how to look at it"});
  files.add({"summary.json", "the figures above", fmt::format("python3 -m json.tool {}/summary.json", name)});
  files.add({"run.h5", "epochs, predictions, samples, plans",
             fmt::format("h5ls -r {}/run.h5 (hdf5-tools), or h5py", name)});
  files.add({"config.yaml", "settings that repeat it",
             fmt::format("study {}--config {}/config.yaml", times_only ? "--latency-only " : "", name)});
  if (record.training_ns > 0)
    files.add({"best.h5, last.h5", "checkpoints", fmt::format("study --resume {} --epochs N", name)});
  text += files.str();
  return text;
}

}  // namespace dsx::run
