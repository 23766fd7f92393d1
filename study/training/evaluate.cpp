// The tail of the last batch is padding: its logits are computed and dropped.
#include "study/training/evaluate.hpp"

#include <cmath>

#include "kernels/base/error.hpp"
#include "study/cli/interrupt.hpp"

namespace dsx::training {

Predictions predict(net::Plan& plan, const data::Dataset& dataset, const settings::SplitData& split,
                    const settings::Settings& settings, cli::ProgressBar& progress) {
  Predictions result;
  data::BatchLoader loader(dataset, split.indices, split.labels, settings::evaluation_loader(settings));
  const auto start_ns = progress.elapsed_ns();
  loader.start_epoch(0);
  while (const data::Batch* batch = loader.next()) {
    cli::check_interrupt("stopped while evaluating");
    plan.set_src(batch->images.data());
    plan.forward();
    const auto valid = static_cast<std::size_t>(batch->valid);
    for (std::size_t i = 0; i < valid; ++i) {
      const float logit = plan.logits()[i];
      if (!std::isfinite(logit))
        throw DivergedError("the network's output for image '" + dataset.items()[batch->indices[i]].name +
                            "' is not a number; lower --lr, or add --warmup-epochs 1");
      result.logits.push_back(logit);
      result.labels.push_back(batch->labels[i]);
      result.indices.push_back(batch->indices[i]);
    }
    progress.update(result.logits.size(), "");
  }
  result.took_ns = progress.elapsed_ns() - start_ns;
  result.data_wait_ns = loader.waited_ns();
  result.data_work_ns = loader.work_ns();
  return result;
}

}  // namespace dsx::training
