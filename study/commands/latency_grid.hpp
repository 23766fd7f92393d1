// Part of `study latency-probe`: every operator at several image sizes under every engine, so that FLOPs can
// be set beside latency over more than the few networks of one study.
#pragma once

#include <nlohmann/json.hpp>

#include "study/settings/settings.hpp"

namespace dsx::commands {

// {"grid": [...], "grid_neighbours": share}, as analysis/latency_run.cpp reads it; batches of 32 random
// images, with this process's way of waiting. `seconds`: of timed passes of each network, at least three of
// them. Networks that a size or an engine cannot make are left out.
nlohmann::ordered_json measure_latency_grid(settings::Settings settings, double seconds);

}  // namespace dsx::commands
