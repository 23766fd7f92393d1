// The order matters: everything that can refuse (settings, folder's name, network, data, kernels) comes
// before the first file; the training plan is gone before latency is measured, so that its memory is, too.
#include "study/run/train_run.hpp"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <optional>

#include "bench/measure/environment.hpp"
#include "data/io/files.hpp"
#include "data/sources/summary.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "kernels/base/version.hpp"
#include "kernels/onednn/modes.hpp"
#include "study/cli/interrupt.hpp"
#include "study/run/algorithm.hpp"
#include "study/run/latency.hpp"
#include "study/run/make_network.hpp"
#include "study/run/run_folder.hpp"
#include "study/run/run_h5.hpp"
#include "study/run/run_summary.hpp"
#include "study/run/run_text.hpp"
#include "study/run/run_tracking.hpp"
#include "study/training/checkpoint.hpp"
#include "study/training/trainer.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

class ImageProgress {
 public:
  explicit ImageProgress(cli::ProgressMode mode) : mode_(mode) {}
  void operator()(std::size_t done, std::size_t total) {
    cli::check_interrupt("stopped while reading images");
    if (!bar_) bar_ = std::make_shared<cli::ProgressBar>(mode_, "reading images", total);
    bar_->update(done, "");
    if (done >= total) bar_->finish();
  }

 private:
  cli::ProgressMode mode_;
  std::shared_ptr<cli::ProgressBar> bar_;
};

}  // namespace

data::Progress image_progress(cli::ProgressMode mode) { return ImageProgress(mode); }

namespace {

std::unique_ptr<data::Dataset> open_with_progress(const settings::Settings& settings) {
  std::unique_ptr<data::Dataset> dataset =
      settings::open_run_data(settings, image_progress(cli::progress_mode(settings.progress)));
  fmt::print("{}\n", one_line(dataset->description()));
  for (const std::string& line : data::reading_lines(*dataset)) fmt::print("{}\n", line);
  if (!dataset->skipped().empty())
    fmt::print(stderr, "study: warning: left out {} that could not be read, the first is {}\n",
               counted(dataset->skipped().size(), "image"), one_line(dataset->skipped().front()));
  return dataset;
}

// A run in progress: what is known of it, and the folder it goes to.
struct Run {
  RunRecord record;
  RunFolder folder;
  const data::Dataset& dataset;
  settings::SplitData train;  // the images it learns from, by their true labels
  RunTracking tracking;

  void write() {
    record.peak_rss_mib = peak_rss_mib();
    write_run_h5(folder.run_h5(), record, &dataset);
    write_summary(folder.summary(), record);
  }
  // For a run that is ending badly: its files say why, unless they are what went wrong.
  void write_end(const std::string& status, const std::string& message) noexcept {
    record.status = status;
    record.message = message;
    try {
      write();
    } catch (...) {
      // The reason for the end is on its way to main().
    }
    tracking.end(record);
  }
};

training::TrainingSnapshot snapshot_of(const Run& run, const training::TrainState& state,
                                       net::Optimizer& optimizer) {
  training::TrainingSnapshot snapshot;
  snapshot.state = state;
  snapshot.optimizer = run.record.settings.optimizer;
  snapshot.optimizer_state = optimizer.state();
  snapshot.data_digest = run.record.data.digest;
  snapshot.threads = run.record.threads.used;
  snapshot.numeric_mode = kernels::numeric_mode();
  snapshot.numeric_mode_variables = kernels::numeric_mode_variables();
  return snapshot;
}

// Other kernels round otherwise. Another CPU is worth a line; another choice by the environment is the user's
// to take back.
void check_numeric_mode(const Run& run, const training::TrainingSnapshot& snapshot) {
  const std::string now = kernels::numeric_mode(), by = kernels::numeric_mode_variables();
  if (snapshot.numeric_mode.empty() || snapshot.numeric_mode == now) return;
  const auto named = [](const std::string& variables) {
    return variables.empty() ? "no such variable" : variables;
  };
  if (snapshot.numeric_mode_variables != by)
    throw ConfigError(
        fmt::format("{}: the run began with oneDNN's kernels for {} ({}) and would resume with those for {} "
                    "({}): set the "
                    "environment as it was, or start a new run",
                    run.folder.path().string(), snapshot.numeric_mode, named(snapshot.numeric_mode_variables),
                    now, named(by)));
  fmt::print(stderr,
             "study: warning: the run began with kernels for {} and resumes with those for {}: equal to "
             "rounding, not "
             "bitwise\n",
             snapshot.numeric_mode, now);
}

// Restores weights, optimizer and history. Without a last checkpoint (stopped in the first epoch) the run
// starts anew.
void resume_training(Run& run, net::Network& network, training::Trainer& trainer) {
  if (!fs::exists(run.folder.last())) {
    if (fs::exists(run.folder.best()))
      throw DataError(
          run.folder.path().string() +
          ": holds weights but no state of training (last.h5), so there is nothing to resume from");
    return;
  }
  const training::TrainingSnapshot snapshot = training::load_training(run.folder.last(), network);
  if (snapshot.data_digest != run.record.data.digest)
    throw DataError(fmt::format(
        "{}: the data are not those of the run to resume ({}): its digest was {}, theirs is {}",
        run.record.settings.data, run.folder.path().string(), snapshot.data_digest, run.record.data.digest));
  if (snapshot.optimizer != run.record.settings.optimizer)
    throw DataError(fmt::format("{}: was trained with {}, the settings say {}", run.folder.last().string(),
                                snapshot.optimizer, run.record.settings.optimizer));
  if (snapshot.threads != run.record.threads.used)
    fmt::print(stderr,
               "study: warning: the run began with {} and resumes with {}: equal to rounding, not bitwise\n",
               counted(snapshot.threads, "thread"), run.record.threads.used);
  check_numeric_mode(run, snapshot);
  trainer.optimizer().load_state(snapshot.optimizer_state);
  run.record.state = snapshot.state;
  training::TrainState& state = run.record.state;
  state.stopped_early =
      run.record.settings.patience > 0 && state.epochs_since_best_auc >= run.record.settings.patience;
  // A kill between the two writes of an epoch leaves last.h5 ahead of best.h5: its weights are the best ones.
  if (state.best_epoch == state.epochs_done())
    training::write_weights(run.folder.best(), network, state.best_epoch,
                            settings::to_yaml(run.record.settings, ""));
  fmt::print("resuming after epoch {} of {}\n", state.epochs_done(), run.record.settings.epochs);
}

// A resumed run whose results are complete: they stay as they are.
bool nothing_left(const Run& run) {
  const training::TrainState& state = run.record.state;
  if (state.epochs_done() < run.record.settings.epochs && !state.stopped_early) return false;
  if (!fs::exists(run.folder.summary()) || !fs::exists(run.folder.best())) return false;
  const std::vector<std::uint8_t> bytes = data::read_file(run.folder.summary());
  const nlohmann::json summary = nlohmann::json::parse(bytes, nullptr, false);
  return summary.is_object() && summary.value("status", "") == "finished";
}

void train(Run& run, net::Network& network, training::Trainer& trainer) {
  const std::string yaml = settings::to_yaml(run.record.settings, "");
  trainer.run(run.record.state, [&](const training::TrainState& state, bool best) {
    // last.h5 first: resume_training() can make best.h5 from it, but not the other way round.
    training::write_training(run.folder.last(), network, snapshot_of(run, state, trainer.optimizer()), yaml);
    if (best) training::write_weights(run.folder.best(), network, state.best_epoch, yaml);
    run.record.training_ns = training::training_ns(state.history);
    run.write();
    run.tracking.epoch_done(run.record);
    fmt::print("{}", epoch_text(state, run.record.settings.epochs, best));
    std::fflush(stdout);
  });
  run.record.training_ns = training::training_ns(run.record.state.history);
  if (run.record.state.stopped_early)
    fmt::print("stopped early: no better val AUC for {}\n",
               counted(run.record.state.epochs_since_best_auc, "epoch"));
}

// From the best checkpoint: the threshold comes from val, and only then are the other splits looked at.
void evaluate_best(Run& run, net::Network& network, net::Plan& plan) {
  const settings::Settings& settings = run.record.settings;
  Evaluation evaluation;
  evaluation.epoch = training::load_weights(run.folder.best(), network);
  plan.pack();
  for (const data::Split split : {data::Split::val, data::Split::test, data::Split::train}) {
    const settings::SplitData data =
        split == data::Split::train ? run.train : settings::split_data(run.dataset, split);
    if (split == data::Split::test)
      settings::warm_cache_of_test(run.dataset, settings, run.record.threads.used);
    cli::ProgressBar progress(cli::progress_mode(settings.progress), "evaluating " + data::to_string(split),
                              data.indices.size());
    SplitResult result;
    result.split = split;
    result.predictions = training::predict(plan, run.dataset, data, settings, progress);
    const training::Predictions& p = result.predictions;
    if (split == data::Split::val)
      evaluation.logit_threshold = training::youden_threshold(p.logits, p.labels);
    result.at_half = training::compute_metrics(p.logits, p.labels);
    result.at_threshold = training::compute_metrics(p.logits, p.labels, evaluation.logit_threshold);
    if (split == data::Split::test) {
      const double batches = std::ceil(static_cast<double>(p.logits.size()) / settings.batch);
      run.record.loading =
          LoadingRecord{settings.batch, p.logits.size(), static_cast<double>(p.data_work_ns) / batches,
                        static_cast<double>(p.data_wait_ns) / batches};
    }
    evaluation.splits.push_back(std::move(result));
  }
  run.record.evaluation = std::move(evaluation);
}

RunRecord first_record(const RunRequest& request, const settings::ThreadChoice& threads,
                       const net::Network& network, const data::Dataset& dataset,
                       const training::TrainSubset& subset, training::NoiseRecord noise,
                       const training::Trainer& trainer) {
  RunRecord record;
  record.command = request.command;
  record.settings = request.settings;
  // The ranges that were found, so that a prediction uses the same and config.yaml repeats them.
  if (!dataset.intensity().empty()) record.settings.intensity_range = dataset.intensity();
  record.sources = request.sources;
  record.threads = threads;
  record.environment = bench::environment_fields(bench::read_environment(request.command));
  record.data = describe_data(request.settings, dataset);
  record.subset = describe_subset(dataset, subset);
  record.noise = std::move(noise);
  record.model = describe_model(network, trainer.inference_plan());
  const std::string batch = fmt::format("batch_{}", request.settings.batch);
  record.plans = {describe_plan("training_" + batch, trainer.training_plan()),
                  describe_plan("inference_" + batch, trainer.inference_plan())};
  return record;
}

RunFolder new_folder(const RunRecord& record) {
  return RunFolder::create(record.settings, [&](const std::string& name) {
    return settings::to_yaml(
        record.settings,
        fmt::format("Repeats the run {} (commit {}): study --config <this file>", name, kProgramCommit));
  });
}

void write_first_files(Run& run, bool resuming) {
  try {
    run.write();
  } catch (const OutputError&) {
    if (!resuming) run.folder.discard();
    throw;
  }
}

// Whether its figures mean anything is said while they are shown, and kept.
void check_whether_it_learnt(Run& run) {
  const training::NoiseRecord& noise = run.record.noise;
  run.record.learning = training::check_learning(
      run.record.state.history, run.record.state.best_epoch, run.record.subset.images,
      run.record.subset.positives + noise.negative_to_positive - noise.positive_to_negative, noise.flipped());
  if (!run.record.learning.learnt)
    fmt::print(stderr, "study: warning: {} {}\n", one_line(run.record.name),
               training::not_learnt_text(run.record.learning));
}

void train_and_measure(Run& run, net::Network& network, std::optional<training::Trainer>& trainer) {
  train(run, network, *trainer);
  check_whether_it_learnt(run);
  if (run.record.settings.latency) run.record.pace = trainer->measure_pace(run.record.state);
  {
    net::Plan plan = trainer->release_inference_plan();
    trainer.reset();
    evaluate_best(run, network, plan);
  }
  fmt::print("{}", evaluation_text(run.record));
  std::fflush(stdout);
  run.tracking.evaluated(run.record);
  if (run.record.settings.latency) {
    run.tracking.before_latency();
    measure_latencies(run.record, network);
    run.tracking.after_latency();
  }
  run.record.peak_rss_mib = peak_rss_mib();
  run.tracking.finishing(run.record);
  run.record.status = "finished";
  run.write();
  if (run.record.settings.latency) fmt::print("{}", latency_text(run.record));
}

}  // namespace

ModelRecord describe_model(const net::Network& network, const net::Plan& inference_plan) {
  const net::NetworkOptions& options = network.options();
  ModelRecord model;
  model.network = network.spec().name;
  model.variant = options.variant;
  model.channels = options.channels;
  model.height = options.height;
  model.width = options.width;
  model.parameters = network.parameters().trainable_count();
  const auto rows = net::plan_rows(inference_plan);
  for (const net::PlanRow& row : rows) {
    if (row.phase != "forward") continue;
    model.mflop_per_image += row.mflop / inference_plan.batch();
    model.executed_mflop_per_image += row.executed_mflop / inference_plan.batch();
  }
  model.algorithm = algorithm_text(network.context().algorithm, rows);
  return model;
}

RunRecord train_run(const RunRequest& request) {
  const settings::Settings& settings = request.settings;
  const bool resuming = !settings.resume.empty();
  std::optional<RunFolder> folder;
  if (resuming) {
    folder.emplace(RunFolder::open(settings.resume));
  } else {
    check_new_run_folder(settings);
  }
  const settings::ThreadChoice threads = settings::apply_threads(settings);
  net::Network network = make_network(settings);
  const std::unique_ptr<data::Dataset> dataset = open_with_progress(settings);
  const training::TrainSubset subset = training::choose_train_subset(*dataset, settings);
  settings::SplitData train = subset.images;
  // The instance kind looks at every image: all threads read them faster than one.
  if (settings.label_noise > 0 && settings.noise_kind == "instance")
    settings::warm_cache(*dataset, settings, threads.used);
  training::NoiseRecord noise = training::add_label_noise(*dataset, settings, train);
  std::optional<training::Trainer> trainer(std::in_place, network, *dataset, std::move(train), settings,
                                           subset.passes);
  RunRecord record = first_record(request, threads, network, *dataset, subset, std::move(noise), *trainer);
  if (!resuming) folder.emplace(new_folder(record));
  if (folder->begun_anew())
    fmt::print("{}: its run was stopped before its first epoch; begun anew\n", folder->path().string());
  record.name = folder->name();
  Run run{std::move(record), std::move(*folder), *dataset, subset.images, {}};
  if (resuming) resume_training(run, network, *trainer);
  if (resuming && nothing_left(run)) {
    fmt::print("{} is finished; --epochs N with more than {} goes further\n", run.folder.path().string(),
               run.record.state.epochs_done());
    return std::move(run.record);
  }
  settings::warm_cache(*dataset, settings, threads.used);
  fmt::print("{}{}", training::subset_text(subset), start_text(run.record));
  write_first_files(run, resuming);
  run.tracking.begin(run.record, run.folder.path());
  try {
    train_and_measure(run, network, trainer);
  } catch (const cli::Interrupted& interrupted) {
    run.write_end("interrupted", interrupted.message);
    throw cli::Interrupted{fmt::format("{}; resume with: study --resume {}", interrupted.message,
                                       bench::shell_quoted(run.folder.path().string()))};
  } catch (const DivergedError& error) {
    run.write_end("diverged", error.what());
    throw;
  } catch (const std::exception& error) {
    run.write_end("failed", error.what());
    throw;
  }
  fmt::print("{}", end_text(run.record, run.folder.path()));
  std::fflush(stdout);
  run.tracking.end(run.record);
  return std::move(run.record);
}

}  // namespace dsx::run
