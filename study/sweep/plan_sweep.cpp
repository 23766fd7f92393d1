#include "study/sweep/plan_sweep.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kernels/base/clock.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"
#include "study/run/train_run.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::sweep {
namespace {

namespace fs = std::filesystem;

void refuse_too_little(const run::DataRecord& data) {
  for (const run::SplitCount& split : data.splits)
    for (const auto& [count, label] : {std::pair(split.negatives, 0), std::pair(split.positives, 1)})
      if (count < kMinImagesPerClass)
        throw DataError(fmt::format(
            "{}: the {} split has {} of {}; a comparison needs at least {} of each class in each "
            "split: give more data, or a larger --val-fraction or --test-fraction where splits are made",
            data.description, data::to_string(split.split), counted(count, "image"),
            data.class_names.at(static_cast<std::size_t>(label)), kMinImagesPerClass));
}

// More images than there are, or fewer than a batch.
void refuse_sizes(const Sweep& sweep, std::size_t available) {
  for (const double size : sweep.train_images) {
    const std::size_t count = settings::count_train_images(size, available);
    if (count < static_cast<std::size_t>(sweep.base.batch))
      throw ConfigError(fmt::format("--train-images: {} is less than a batch of {}; choose a smaller --batch",
                                    count, sweep.base.batch));
  }
}

// Which images are in which split, as one number.
std::string splits_of(const data::Dataset& dataset) {
  std::string splits;
  for (const data::Item& item : dataset.items())
    splits += static_cast<char>('0' + static_cast<int>(item.split));
  return splits;
}

}  // namespace

SweepData look_at_data(const Sweep& sweep) {
  net::load_network_spec(sweep.base.network);
  SweepData data;
  std::map<std::int64_t, std::string> by_split_seed;
  std::string first_splits;
  for (const CellSpec& cell : cells_of(sweep)) {
    if (data.digests.count(cell.seed) != 0) continue;
    cli::check_interrupt("stopped while reading the data");
    settings::Settings settings = sweep.base;
    settings.seed = cell.seed;
    const auto split_seed =
        settings.seed_split < 0 ? static_cast<std::int64_t>(cell.seed) : settings.seed_split;
    std::string& digest = by_split_seed[split_seed];
    if (digest.empty()) {
      const auto dataset =
          settings::open_run_data(settings, run::image_progress(cli::progress_mode(settings.progress)));
      const run::DataRecord record = run::describe_data(settings, *dataset);
      const std::string splits = splits_of(*dataset);
      data.own_splits |= !first_splits.empty() && splits != first_splits;
      if (first_splits.empty()) first_splits = splits;
      refuse_too_little(record);
      digest = record.digest;
      if (data.splits.empty()) {
        data.description = record.description;
        data.splits = record.splits;
        data.class_names = record.class_names;
        data.notes = record.notes;
        const std::size_t images = record.splits.at(0).negatives + record.splits.at(0).positives;
        if (images < static_cast<std::size_t>(settings.batch))
          throw ConfigError(
              fmt::format("--batch: {} is more than the {} training images; choose a smaller one",
                          settings.batch, images));
        data.train_images = static_cast<double>(images);
        refuse_sizes(sweep, images);
      }
    }
    data.digests[cell.seed] = digest;
  }
  return data;
}

std::vector<PlannedCell> plan_cells(const Sweep& sweep, const SweepData& data, const fs::path& folder) {
  std::vector<PlannedCell> cells;
  for (const CellSpec& spec : cells_of(sweep)) {
    PlannedCell cell{spec, settings_of(sweep, spec, folder), folder / "cells" / name_of(spec), {}};
    cell.state = look_at_cell(cell.folder, cell.settings);
    const std::string& digest = data.digests.at(spec.seed);
    if (!cell.state.data_digest.empty() && cell.state.data_digest != digest)
      throw DataError(fmt::format(
          "{}: was trained on other data than --data {} holds (digest {}, here {}); move that folder away",
          cell.folder.string(), cell.settings.data, cell.state.data_digest.substr(0, 12),
          digest.substr(0, 12)));
    cells.push_back(std::move(cell));
  }
  return cells;
}

bool is_to_run(const PlannedCell& cell, bool retry_failed) {
  if (cell.state.status == CellStatus::failed) return retry_failed;
  return cell.state.status != CellStatus::finished;
}

double images_per_epoch(const settings::Settings& settings, double train_images) {
  const double used = static_cast<double>(
      settings::count_train_images(settings::train_images_from_text(settings.train_images, "train_images"),
                                   static_cast<std::size_t>(train_images)));
  return used * (settings.train_passes > 0 ? settings.train_passes : std::floor(train_images / used));
}

Estimator make_estimator(const std::vector<PlannedCell>& cells, int threads) {
  Estimator estimator;
  for (const PlannedCell& cell : cells)
    if (cell.state.status == CellStatus::finished)
      estimator.add_measured(cell.spec.variant, in_seconds(cell.state.training_ns),
                             cell.state.images_per_epoch * cell.state.epochs_done);
  for (const PlannedCell& cell : cells) {
    if (cell.state.status == CellStatus::finished || estimator.knows(cell.spec.variant)) continue;
    const double seconds = probe_seconds_per_image(cell.settings, threads);
    cli::check_interrupt("stopped while estimating the time");
    estimator.add_probed(cell.spec.variant, seconds);
  }
  return estimator;
}

double seconds_left(const PlannedCell& cell, const Estimator& estimator, double train_images) {
  if (cell.state.status == CellStatus::finished) return 0;
  const int epochs = std::max(0, cell.settings.epochs - cell.state.epochs_done);
  return estimator.seconds(cell.spec.variant, images_per_epoch(cell.settings, train_images), epochs);
}

}  // namespace dsx::sweep
