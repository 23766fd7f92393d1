// Secrets leave the settings before anything stores or prints them.
#pragma once

#include <string>

#include "study/settings/settings.hpp"

namespace dsx::settings {

// Moves user and password of --track https://USER:PASSWORD@HOST to MLFLOW_TRACKING_USERNAME and _PASSWORD of
// this process, so that the settings hold no secret. `source`: what names the setting in an error. Throws
// ConfigError for what is no address; "off" and "" pass.
void take_track_secrets(Settings& settings, const std::string& source);

}  // namespace dsx::settings
