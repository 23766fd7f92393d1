// The training loop: epochs over train, val after each, until the epochs are done or early stopping ends it.
// What is kept of an epoch is the caller's business (study_run.cpp); the test split never comes in here.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "data/dataset.hpp"
#include "net/network.hpp"
#include "net/optimizer.hpp"
#include "study/history.hpp"
#include "study/progress.hpp"
#include "study/settings.hpp"
#include "study/study_data.hpp"

namespace dsx {

class Trainer {
 public:
  // Builds the training plan and, at the same batch size, the inference plan for val; the network has its
  // weights. `train` holds the labels to learn, wrong ones among them where noise is asked for. Throws
  // ConfigError when train is smaller than a batch, UnsupportedError when a step has no fast kernel.
  Trainer(Network& network, const Dataset& dataset, SplitData train, const Settings& settings);

  Optimizer& optimizer() { return *optimizer_; }
  const Plan& training_plan() const { return training_plan_; }
  const Plan& inference_plan() const { return inference_plan_; }

  // Goes on from `state` (empty for a new run). `on_epoch(state, is_best)` follows each epoch. Throws
  // DivergedError with advice when the loss leaves the finite numbers, Interrupted at the next batch after a
  // signal.
  void run(TrainState& state, const std::function<void(const TrainState&, bool)>& on_epoch);

  // What the last epoch's steps took, and what they take alone: repeats the last step with a learning rate of
  // 0, after which the optimizer's state is of no further use. Nothing when no epoch was trained here.
  std::optional<PaceRecord> measure_pace(const TrainState& state);

  // Frees the training plan's memory and returns the inference plan. The trainer is of no further use.
  Plan release_inference_plan() { return std::move(inference_plan_); }

 private:
  EpochRecord train_epoch(int epoch);
  void validate(EpochRecord& record);
  std::size_t images_of_epochs_after(int epoch) const;
  void update(double lr);  // backward pass and optimizer, after a forward pass

  Network& network_;
  const Dataset& dataset_;
  Settings settings_;
  SplitData train_, val_;
  ProgressMode progress_mode_;
  Plan training_plan_, inference_plan_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<BatchLoader> loader_;
  bool has_batch_ = false;  // the training plan's source is a batch of the loader's
};

OptimizerOptions optimizer_options(const Settings& settings);
ScheduleOptions schedule_options(const Settings& settings);

}  // namespace dsx
