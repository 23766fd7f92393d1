// The one way from settings to a network.
#pragma once

#include <dnnl.hpp>

#include "kernels/onednn/context.hpp"
#include "net/network.hpp"
#include "study/settings/settings.hpp"

namespace dsx::run {

// What every network of these settings computes with. bf16: for inference, where the CPU has it.
kernels::Context make_context(const settings::Settings& settings,
                              dnnl::memory::data_type dtype = dnnl::memory::data_type::f32);

// The network that the settings ask for, without values in its weights: to look at its plan, or to load them.
net::Network declare_network(const settings::Settings& settings,
                             dnnl::memory::data_type dtype = dnnl::memory::data_type::f32);

// The same with its weights initialised from the settings' seed.
net::Network make_network(const settings::Settings& settings,
                          dnnl::memory::data_type dtype = dnnl::memory::data_type::f32);

}  // namespace dsx::run
