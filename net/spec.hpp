// A network as a list of layers, read from YAML. Shapes and in_features are inferred from the input, so the
// same file serves any image size and channel count. The downsampling operator is its one free parameter.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <string>
#include <vector>

namespace dsx::net {

enum class LayerType {
  conv2d,
  batch_norm2d,
  relu,
  avg_pool2d,
  max_pool2d,
  adaptive_avg_pool2d,
  downsample,
  flatten,
  linear
};
std::string to_string(LayerType type);  // PyTorch's class names: "Conv2d", ...

// PyTorch's arguments under PyTorch's names; each layer type uses its own few.
struct LayerSpec {
  LayerType type{};
  std::string name;               // "conv1"; made from the type and a number when the file gives none
  int out_channels = 0;           // Conv2d
  int kernel_size = 0;            // Conv2d, pools
  int stride = 0;                 // Conv2d (default 1), pools (default kernel_size)
  int padding = 0;                // Conv2d, pools; both sides
  bool count_include_pad = true;  // AvgPool2d
  int output_size = 1;            // AdaptiveAvgPool2d
  int out_features = 0;           // Linear
  bool bias = true;               // Conv2d, Linear
  double eps = 1e-5;              // BatchNorm2d
  double momentum = 0.1;          // BatchNorm2d, of the running statistics
};

struct NetworkSpec {
  std::string name;
  std::vector<LayerSpec> layers;
};

// `path_or_name`: a file, or the name of a built-in network ("lenet"). Throws ConfigError with line and the
// nearest known word.
NetworkSpec load_network_spec(const std::string& path_or_name);
NetworkSpec parse_network_spec(const std::string& yaml_text, const std::string& where);
std::vector<std::string> builtin_networks();

// True when layer `i` reads a ReLU's result, pooled perhaps: much of it is 0.
bool behind_relu(const NetworkSpec& spec, std::size_t i);

}  // namespace dsx::net
