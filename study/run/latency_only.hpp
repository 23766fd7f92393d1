// `--latency-only` and `--repeat-for`: a network without training, data or a training plan, for measuring and
// for profilers.
#pragma once

#include "study/run/train_run.hpp"

namespace dsx::run {

// Initial weights, or those of the run in settings.resume (its best checkpoint, else its last). With
// --repeat-for it runs forward passes for that long, says its process id and images/s, and writes nothing;
// else it measures batches of 1 and 32 and writes a folder "latency-<variant>-...".
void run_latency_only(const RunRequest& request);

}  // namespace dsx::run
