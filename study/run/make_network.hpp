// The one way from settings to a network.
#pragma once

#include "kernels/onednn/context.hpp"
#include "net/network.hpp"
#include "study/settings/settings.hpp"

namespace dsx::run {

// What every network of these settings computes with. Throws UnsupportedError for a data type that this CPU
// or the engine does not have.
kernels::Context make_context(const settings::Settings& settings);

// The network that the settings ask for, without values in its weights: to look at its plan, or to load them.
net::Network declare_network(const settings::Settings& settings);

// The same with its weights initialised from the settings' seed.
net::Network make_network(const settings::Settings& settings);

}  // namespace dsx::run
