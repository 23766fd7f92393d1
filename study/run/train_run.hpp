// One whole run of one network: data, training, the best checkpoint's metrics, latency, and the folder with
// it all. What `study` without a command does, and what a sweep starts for each of its cells.
#pragma once

#include <string>

#include "net/network.hpp"
#include "study/cli/progress.hpp"
#include "study/run/run_record.hpp"

namespace dsx::run {

struct RunRequest {
  settings::Settings settings;
  settings::Sources sources;
  std::string command;  // as typed; recorded so that others can repeat it
};

// Prints progress and results. Throws the types of kernels/base/error.hpp and Interrupted; the run's folder
// then says how it ended. Returns the record as written.
RunRecord train_run(const RunRequest& request);

// An import under a bar of its own; throws Interrupted after a signal.
data::Progress image_progress(cli::ProgressMode mode);

ModelRecord describe_model(const net::Network& network, const net::Plan& inference_plan);

}  // namespace dsx::run
