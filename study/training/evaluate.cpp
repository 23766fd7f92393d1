// The tail of the last batch is padding: its logits are computed and dropped.
#include "study/training/evaluate.hpp"

#include <cmath>

#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"

namespace dsx::training {
namespace {

// Appends what the plan says of the batch's images.
void run_batch(net::Plan& plan, const data::Batch& batch, const data::Dataset& dataset,
               std::vector<float>& logits) {
  plan.set_src(batch.images.data());
  plan.forward();
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch.valid); ++i) {
    const float logit = plan.logits()[i];
    if (!std::isfinite(logit))
      throw DivergedError("the network's output for image '" + dataset.items()[batch.indices[i]].name +
                          "' is not a number; lower --lr, or add --warmup-epochs 1");
    logits.push_back(logit);
  }
}

}  // namespace

SharedPredictions predict_with_each(std::span<net::Plan> plans, const data::Dataset& dataset,
                                    const settings::SplitData& split, const settings::Settings& settings,
                                    cli::ProgressBar& progress) {
  SharedPredictions result;
  result.logits.resize(plans.size());
  data::BatchLoader loader(dataset, split.indices, split.labels, settings::evaluation_loader(settings));
  loader.start_epoch(0);
  while (const data::Batch* batch = loader.next()) {
    for (std::size_t p = 0; p < plans.size(); ++p) {
      cli::check_interrupt("stopped while evaluating");
      run_batch(plans[p], *batch, dataset, result.logits[p]);
    }
    const auto valid = static_cast<std::ptrdiff_t>(batch->valid);
    result.labels.insert(result.labels.end(), batch->labels.begin(), batch->labels.begin() + valid);
    result.indices.insert(result.indices.end(), batch->indices.begin(), batch->indices.begin() + valid);
    progress.update(result.indices.size(), "");
  }
  return result;
}

Predictions predict(net::Plan& plan, const data::Dataset& dataset, const settings::SplitData& split,
                    const settings::Settings& settings, cli::ProgressBar& progress) {
  Predictions result;
  data::BatchLoader loader(dataset, split.indices, split.labels, settings::evaluation_loader(settings));
  const auto start_ns = progress.elapsed_ns();
  loader.start_epoch(0);
  while (const data::Batch* batch = loader.next()) {
    cli::check_interrupt("stopped while evaluating");
    run_batch(plan, *batch, dataset, result.logits);
    const auto valid = static_cast<std::ptrdiff_t>(batch->valid);
    result.labels.insert(result.labels.end(), batch->labels.begin(), batch->labels.begin() + valid);
    result.indices.insert(result.indices.end(), batch->indices.begin(), batch->indices.begin() + valid);
    progress.update(result.logits.size(), "");
  }
  result.took_ns = progress.elapsed_ns() - start_ns;
  result.data_wait_ns = loader.waited_ns();
  result.data_work_ns = loader.work_ns();
  return result;
}

}  // namespace dsx::training
