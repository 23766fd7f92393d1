// Facts about a model that travel inside an exported file, for people and programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/run/opened_run.hpp"

namespace dsx::exchange {

using Properties = std::vector<std::pair<std::string, std::string>>;

// What another program has to know to use the weights: input, preprocessing, threshold, origin.
Properties properties_of(const run::OpenedRun& run);

// Properties' key of the settings that repeat the run, as YAML.
inline constexpr const char* kSettingsProperty = "downscalexr_settings";

}  // namespace dsx::exchange
