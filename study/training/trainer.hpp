// The training loop: epochs over train, val after each, until the epochs are done or early stopping ends it.
// What is kept of an epoch is the caller's business (train_run.cpp); the test split never comes in here.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "data/sources/dataset.hpp"
#include "net/network.hpp"
#include "net/optimizer.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings.hpp"
#include "study/training/busy_watch.hpp"
#include "study/training/history.hpp"

namespace dsx::training {

class Trainer {
 public:
  // Builds the training plan and, at the same batch size, the inference plan for val; the network has its
  // weights. `train` holds the labels to learn, wrong ones among them where noise is asked for; an epoch is
  // `passes` over it. Throws ConfigError when train is smaller than a batch, UnsupportedError when a step has
  // no fast kernel.
  Trainer(net::Network& network, const data::Dataset& dataset, settings::SplitData train,
          const settings::Settings& settings, int passes = 1);

  net::Optimizer& optimizer() { return *optimizer_; }
  const net::Plan& training_plan() const { return training_plan_; }
  const net::Plan& inference_plan() const { return inference_plan_; }

  // Resumes from `state` (empty for a new run). `on_epoch(state, is_best)` follows each epoch. Throws
  // DivergedError with advice when the loss leaves the finite numbers, Interrupted at the next batch after a
  // signal.
  void run(TrainState& state, const std::function<void(const TrainState&, bool)>& on_epoch);

  // What the last epoch's steps took, and what they take alone: repeats the last step with a learning rate of
  // 0, after which the optimizer's state is of no further use. Nothing when no epoch was trained here.
  std::optional<PaceRecord> measure_pace(const TrainState& state);

  // Frees the training plan's memory and returns the inference plan. The trainer is of no further use.
  net::Plan release_inference_plan() { return std::move(inference_plan_); }

 private:
  EpochRecord train_epoch(int epoch);
  std::size_t images_per_epoch() const;
  void validate(EpochRecord& record);
  std::size_t images_of_epochs_after(int epoch) const;

  net::Network& network_;
  const data::Dataset& dataset_;
  settings::Settings settings_;
  settings::SplitData train_, val_;
  cli::ProgressMode progress_mode_;
  net::Plan training_plan_, inference_plan_;
  std::unique_ptr<net::Optimizer> optimizer_;
  std::unique_ptr<data::BatchLoader> loader_;
  std::size_t passes_ = 1;  // over train_ in an epoch
  BusyWatch busy_;
  bool has_batch_ = false;  // the training plan's source is a batch of the loader's
};

net::OptimizerOptions optimizer_options(const settings::Settings& settings);
net::ScheduleOptions schedule_options(const settings::Settings& settings);

}  // namespace dsx::training
