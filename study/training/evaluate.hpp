// Runs an inference plan over a split and keeps what the network said of each image.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "data/sources/dataset.hpp"
#include "net/plan/plan.hpp"
#include "study/cli/progress.hpp"
#include "study/settings/run_data.hpp"
#include "study/settings/settings.hpp"
#include "study/training/metrics.hpp"

namespace dsx::training {

struct Predictions {
  std::vector<std::size_t> indices;  // into the data set's items, in the split's order
  std::vector<float> logits, labels;
  std::int64_t took_ns = 0;       // whole pass
  std::int64_t data_wait_ns = 0;  // of it, waiting for the loader
  std::int64_t data_work_ns = 0;  // the loader's thread at work: read, preprocess, lay out
};

// `plan` is an inference plan with packed weights. Throws DataError, DivergedError (a logit is not a number),
// Interrupted.
Predictions predict(net::Plan& plan, const data::Dataset& dataset, const settings::SplitData& split,
                    const settings::Settings& settings, cli::ProgressBar& progress);

// What several networks said of one split: each batch is read and preprocessed once and goes through all
// plans.
struct SharedPredictions {
  std::vector<std::size_t> indices;  // into the data set's items, in the split's order
  std::vector<float> labels;
  std::vector<std::vector<float>> logits;  // [plan][image]
};
// `plans` have packed weights, settings.batch images and one source layout. Throws as predict() does.
SharedPredictions predict_with_each(std::span<net::Plan> plans, const data::Dataset& dataset,
                                    const settings::SplitData& split, const settings::Settings& settings,
                                    cli::ProgressBar& progress);

}  // namespace dsx::training
