// A run's folder as something to use: its settings, its network with the weights of one checkpoint, and the
// threshold that goes with them. For the commands that look at a run or hand it on; nothing here writes.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "study/settings/settings.hpp"

namespace dsx::run {

// The settings of the run in `folder`, from its config.yaml. Throws DataError when it is no run.
settings::Settings settings_of_run(const std::filesystem::path& folder);

struct OpenedRun {
  std::filesystem::path folder;
  std::string name, checkpoint;  // "avgpool-synthetic-s1-...", "best"
  settings::Settings settings;
  net::Network network;
  int epoch = 0;                          // of the weights; 0 for weights trained elsewhere
  std::optional<double> logit_threshold;  // chosen on val for these very weights
  std::vector<std::string> class_names;   // negative, positive; empty when the run does not say
};

// `checkpoint`: "best" or "last". `settings` may differ from the run's in what does not belong to the weights
// (threads, layout, engine, data type). An int8 network is still to be quantized (study/run/quantize.hpp).
// Throws DataError, and UnsupportedError for a data type that is not there.
OpenedRun open_run(const std::filesystem::path& folder, const std::string& checkpoint,
                   const settings::Settings& settings);

}  // namespace dsx::run
