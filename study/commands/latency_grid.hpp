// Part of `study latency-probe`: every operator at several image sizes under every engine, so that FLOPs can
// be set beside latency over more than the few networks of one study.
#pragma once

#include "study/analysis/latency_run.hpp"
#include "study/settings/settings.hpp"

namespace dsx::commands {

// Fills in grid and grid_neighbours of `process`, in an order drawn by its number; batches of 32 random
// images, with this process's way of waiting. Of each network three timed passes, its median over processes
// is what counts. Networks that a size or an engine cannot make are left out.
void measure_latency_grid(settings::Settings settings, analysis::LatencyProcess& process);

}  // namespace dsx::commands
