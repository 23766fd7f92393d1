// What training leaves behind epoch by epoch, and the state that early stopping needs: plain data, kept in
// the last checkpoint, run.h5 and summary.json from one list of columns.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "study/training/metrics.hpp"

namespace dsx::training {

struct EpochRecord {
  int epoch = 0;  // from 1
  double lr = 0;  // of the epoch's last step
  Metrics train;  // running: from the logits each training step computed, so before that step's update
  Metrics val;    // after the epoch
  std::int64_t train_ns = 0, val_ns = 0;  // in files as seconds, train_s and val_s
  std::int64_t data_wait_ns = 0;          // of train_ns, waiting for the loader
  double train_images_per_s = 0;
};
std::int64_t training_ns(const std::vector<EpochRecord>& history);  // of all epochs, train and val

// A step as the epochs took it, and the same step alone, with no loader at work beside it.
struct PaceRecord {
  double epoch_step_ns = 0;  // mean over the last epoch: its time divided by its steps
  double wait_ns = 0;        // of it, waiting for the loader
  double alone_ns = 0;       // median
  double ratio() const { return epoch_step_ns / alone_ns; }
};

struct TrainState {
  std::vector<EpochRecord> history;
  int best_epoch = 0;  // the epoch best.h5 is from; 0 before the first
  double best_auc = std::numeric_limits<double>::quiet_NaN(), best_loss = 0;
  int epochs_since_best_auc = 0;
  bool stopped_early = false;
  int epochs_done() const { return static_cast<int>(history.size()); }
};

// Adds an epoch and returns whether it is the new best: higher val AUC, or equal AUC and lower val loss.
// Where val AUC cannot be computed, the latest epoch is the best and nothing stops early. Stops after
// `patience` epochs without a higher AUC (0: never).
bool add_epoch(TrainState& state, const EpochRecord& record, int patience);

// One column per number of an epoch: {"lr", {..}}, {"train_loss", {..}}, ..., {"val_auc", {..}}.
using Columns = std::vector<std::pair<std::string, std::vector<double>>>;
Columns to_columns(const std::vector<EpochRecord>& history);
// The inverse; columns that are missing keep their defaults. Confusion counts are kept, too.
std::vector<EpochRecord> from_columns(const Columns& columns);

}  // namespace dsx::training
