#include "study/run/make_network.hpp"

#include "kernels/onednn/layout.hpp"
#include "net/spec.hpp"

namespace dsx::run {

kernels::Context make_context(const settings::Settings& settings) {
  kernels::Context context;
  context.dtype = kernels::data_type_from_string(settings.dtype);
  kernels::require_dtype(context.dtype);
  context.layout = kernels::layout_from_string(settings.layout);
  context.allow_ref = settings.allow_ref;
  context.fused = settings.engine == "fused";
  context.algorithm = kernels::algorithm_from_string(settings.algorithm);
  return context;
}

net::Network declare_network(const settings::Settings& settings) {
  net::NetworkOptions options;
  options.variant = settings.variant;
  options.channels = settings.channels;
  options.height = options.width = settings.size;
  return {make_context(settings), net::load_network_spec(settings.network), options};
}

net::Network make_network(const settings::Settings& settings) {
  net::Network network = declare_network(settings);
  network.init(settings::seed_for(settings, settings::SeedUse::initialisation));
  return network;
}

}  // namespace dsx::run
