#include "net/onnx_nodes.hpp"

#include <utility>

#include "net/shapes.hpp"

namespace dsx::net {

std::vector<NamedOnnxNode> onnx_nodes(const Network& network) {
  const NetworkOptions& options = network.options();
  std::vector<NamedOnnxNode> nodes;
  for (const LayerPlace& place :
       place_layers(network.spec(), options.variant, {1, options.channels, options.height, options.width},
                    options.partial)) {
    for (kernels::OnnxNode& node : place.layer().type->onnx(place, network.parameters()))
      nodes.push_back({place.layer().name, std::move(node)});
  }
  return nodes;
}

}  // namespace dsx::net
