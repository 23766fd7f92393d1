// A network as a list of layers, read from YAML. Shapes and in_features are inferred from the input, so the
// same file serves any image size and channel count. The downsampling operator is its one free parameter.
#pragma once

#include <string>
#include <vector>

#include "net/layers/layer.hpp"

namespace dsx::net {

struct NetworkSpec {
  std::string name;
  std::vector<LayerSpec> layers;
};

// `path_or_name`: a file, or the name of a built-in network ("lenet"). Throws ConfigError with line and the
// nearest known word.
NetworkSpec load_network_spec(const std::string& path_or_name);
NetworkSpec parse_network_spec(const std::string& yaml_text, const std::string& where);
std::vector<std::string> builtin_networks();

}  // namespace dsx::net
