#include "study/sweep/memory.hpp"

#include <algorithm>
#include <dnnl.hpp>

#include "net/network.hpp"
#include "net/shapes.hpp"
#include "net/spec.hpp"
#include "study/run/make_network.hpp"

namespace dsx::sweep {
namespace {

constexpr double kMiB = 1 << 20;
constexpr double kFloatBytes = sizeof(float);
constexpr double kLibrariesMib = 250;    // oneDNN's generated kernels, HDF5, OpenCV, threads' stacks
constexpr double kWeightCopies = 4;      // weights, gradient, momentum, packed
constexpr double kActivationCopies = 2;  // and their gradients
constexpr double kBatches = 4;           // being prepared, waiting, in use

double values(const dnnl::memory::dims& dims) {
  double product = 1;
  for (const auto dim : dims) product *= static_cast<double>(dim);
  return product;
}

}  // namespace

double cell_memory_mib(const settings::Settings& settings, double images) {
  const dnnl::memory::dims src{settings.batch, settings.channels, settings.size, settings.size};
  double activations = kBatches / kActivationCopies * values(src);
  const net::NetworkSpec spec = net::load_network_spec(settings.network);
  for (const net::LayerShape& layer : net::infer_shapes(spec, settings.variant, src))
    activations += values(layer.dst);
  const double weights = static_cast<double>(run::declare_network(settings).parameters().trainable_count());
  const double image_bytes = images * values(src) / settings.batch;
  const double cache_mib = std::min(static_cast<double>(settings.data_cache_mib), image_bytes / kMiB);
  return kLibrariesMib + cache_mib +
         kFloatBytes * (kWeightCopies * weights + kActivationCopies * activations) / kMiB;
}

}  // namespace dsx::sweep
