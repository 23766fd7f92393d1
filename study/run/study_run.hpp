// One whole study of one network: data, training, the best checkpoint's metrics, latency, and the folder with
// it all. What `study` without a command runs, and what a sweep over many of them calls.
#pragma once

#include <string>

#include "net/network.hpp"
#include "study/cli/progress.hpp"
#include "study/run/run_record.hpp"

namespace dsx::run {

struct StudyRequest {
  settings::Settings settings;
  settings::Sources sources;
  std::string command;  // as typed; recorded so that others can repeat it
};

// Prints progress and results. Throws the types of kernels/base/error.hpp and Interrupted; the run's folder
// then says how it ended. Returns the record as written.
RunRecord run_study(const StudyRequest& request);

// An import under a bar of its own; throws Interrupted after a signal.
data::Progress image_progress(cli::ProgressMode mode);

ModelRecord describe_model(const net::Network& network, const net::Plan& inference_plan);

}  // namespace dsx::run
