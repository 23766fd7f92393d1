// How much memory a cell's process takes: what a cluster has to be asked for before the first one has run.
#pragma once

#include "study/settings/settings.hpp"

namespace dsx::sweep {

// An upper estimate, MiB, from shapes and settings: libraries, cached images (as many bytes as `images` of
// these settings have, at most --data-cache-mib), weights with gradient, momentum and one packed copy,
// activations with their gradients, batches.
double cell_memory_mib(const settings::Settings& settings, double images);

}  // namespace dsx::sweep
