// One step: forward, loss, backward, update. Everything that varies from epoch to epoch (order, augmentation,
// learning rate) is a function of the epoch's number, so that a resumed run needs no replay.
#include "study/training/trainer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bench/measure/measure.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/onednn/context.hpp"
#include "net/training_step.hpp"
#include "study/cli/interrupt.hpp"
#include "study/training/evaluate.hpp"

namespace dsx::training {
namespace {

std::unique_ptr<data::BatchLoader> make_loader(const data::Dataset& dataset, const settings::SplitData& train,
                                               const settings::Settings& settings) {
  if (train.indices.size() < static_cast<std::size_t>(settings.batch))
    throw ConfigError(fmt::format("batch: {} is more than the {} training images; choose a smaller --batch",
                                  settings.batch, train.indices.size()));
  return std::make_unique<data::BatchLoader>(dataset, train.indices, train.labels,
                                             settings::training_loader(settings));
}

[[noreturn]] void diverged(int epoch, std::size_t batch, double lr) {
  throw DivergedError(fmt::format(
      "the training loss is not finite in epoch {}, batch {}, at learning rate {:.3g}; "
      "lower --lr (a tenth is a good first try), add --warmup-epochs 1, or check --mean and --std",
      epoch, batch + 1, lr));
}

}  // namespace

net::OptimizerOptions optimizer_options(const settings::Settings& s) {
  net::OptimizerOptions options;
  options.name = s.optimizer;
  options.lr = s.lr;
  options.momentum = s.momentum;
  options.nesterov = s.nesterov;
  options.weight_decay = s.weight_decay;
  return options;
}

net::ScheduleOptions schedule_options(const settings::Settings& s) {
  net::ScheduleOptions options;
  options.name = s.schedule;
  options.warmup_epochs = s.warmup_epochs;
  options.step_epochs = s.step_epochs;
  options.gamma = s.gamma;
  return options;
}

Trainer::Trainer(net::Network& network, const data::Dataset& dataset, settings::SplitData train,
                 const settings::Settings& settings, int passes)
    : network_(network),
      dataset_(dataset),
      settings_(settings),
      train_(std::move(train)),
      val_(settings::split_data(dataset, data::Split::val)),
      progress_mode_(cli::progress_mode(settings.progress)),
      training_plan_(network.make_plan(settings.batch, true)),
      inference_plan_(network.make_plan(settings.batch, false)),
      optimizer_(net::make_optimizer(optimizer_options(settings), network.parameters())),
      loader_(make_loader(dataset, train_, settings)),
      passes_(static_cast<std::size_t>(passes)),
      busy_(kernels::max_threads()) {}

std::size_t Trainer::images_per_epoch() const { return passes_ * loader_->images_per_epoch(); }

std::size_t Trainer::images_of_epochs_after(int epoch) const {
  return static_cast<std::size_t>(std::max(0, settings_.epochs - epoch)) * images_per_epoch();
}

EpochRecord Trainer::train_epoch(int epoch) {
  const net::ScheduleOptions schedule = schedule_options(settings_);
  const auto batches = static_cast<double>(passes_ * loader_->batches_per_epoch());
  const auto waited_ns = loader_->waited_ns();
  EpochRecord record;
  record.epoch = epoch;
  std::vector<float> logits, labels;
  double loss_sum = 0;
  cli::ProgressBar progress(progress_mode_, fmt::format("epoch {}/{}", epoch, settings_.epochs),
                            images_per_epoch(), images_of_epochs_after(epoch));
  const std::size_t first_pass = static_cast<std::size_t>(epoch - 1) * passes_;
  std::size_t pass = 0;
  // Each pass has an order and an augmentation of its own.
  const auto next_batch = [&] {
    const data::Batch* batch = loader_->next();
    while (batch == nullptr && ++pass < passes_) {
      loader_->start_epoch(static_cast<int>(first_pass + pass));
      batch = loader_->next();
    }
    return batch;
  };
  loader_->start_epoch(static_cast<int>(first_pass));
  training_plan_.pack();
  for (std::size_t step = 0; const data::Batch* batch = next_batch(); ++step) {
    cli::check_interrupt(
        fmt::format("stopped in epoch {}; the state after epoch {} is kept", epoch, epoch - 1));
    record.lr = net::learning_rate(schedule, settings_.lr, epoch - 1 + static_cast<double>(step) / batches,
                                   settings_.epochs);
    training_plan_.set_src(batch->images.data());
    training_plan_.set_labels(batch->labels);
    has_batch_ = true;
    const double loss = net::forward_and_loss(training_plan_);
    if (!std::isfinite(loss)) diverged(epoch, step, record.lr);
    net::backward_and_update(training_plan_, *optimizer_, record.lr);
    loss_sum += loss;
    logits.insert(logits.end(), training_plan_.logits().begin(), training_plan_.logits().end());
    labels.insert(labels.end(), batch->labels.begin(), batch->labels.end());
    progress.update(logits.size(), fmt::format("loss {:.4f}", loss_sum / static_cast<double>(step + 1)));
    if (const std::string line = busy_.look(); !line.empty()) {
      progress.finish();  // it is drawn again
      fmt::print(stderr, "study: warning: {}\n", line);
    }
  }
  record.train = compute_metrics(logits, labels);
  record.train_ns = progress.elapsed_ns();
  record.data_wait_ns = loader_->waited_ns() - waited_ns;
  record.train_images_per_s = static_cast<double>(logits.size()) / in_seconds(record.train_ns);
  return record;
}

std::optional<PaceRecord> Trainer::measure_pace(const TrainState& state) {
  if (!has_batch_ || state.history.empty()) return std::nullopt;
  const bench::Arm step{"training step", [this] { net::training_step(training_plan_, *optimizer_, 0); },
                        [] { cli::check_interrupt("stopped while timing a step"); }};
  bench::MeasureOptions options;
  options.warmup_runs = 0;  // the epoch was warm-up enough
  options.min_rounds = options.max_rounds = 15;
  options.max_time_s = std::numeric_limits<double>::infinity();
  const double alone_ns = bench::measure({step}, options).front().summary.median_ns;
  const EpochRecord& last = state.history.back();
  const auto steps = static_cast<double>(passes_ * loader_->batches_per_epoch());
  return PaceRecord{static_cast<double>(last.train_ns) / steps,
                    static_cast<double>(last.data_wait_ns) / steps, alone_ns};
}

void Trainer::validate(EpochRecord& record) {
  cli::ProgressBar progress(progress_mode_, fmt::format("epoch {}/{} val", record.epoch, settings_.epochs),
                            val_.indices.size());
  inference_plan_.pack();
  const Predictions predictions = predict(inference_plan_, dataset_, val_, settings_, progress);
  record.val = compute_metrics(predictions.logits, predictions.labels);
  record.val_ns = predictions.took_ns;
}

void Trainer::run(TrainState& state, const std::function<void(const TrainState&, bool)>& on_epoch) {
  while (state.epochs_done() < settings_.epochs && !state.stopped_early) {
    EpochRecord record = train_epoch(state.epochs_done() + 1);
    validate(record);
    const bool best = add_epoch(state, record, settings_.patience);
    on_epoch(state, best);
  }
}

}  // namespace dsx::training
