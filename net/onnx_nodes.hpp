// A network in ONNX's words: every layer type (net/layers) and every downsampling operator
// (kernels/downsample/downsample.hpp) says its own part. Weights travel along under PyTorch's names.
#pragma once

#include <string>
#include <vector>

#include "kernels/onednn/onnx_node.hpp"
#include "net/network.hpp"

namespace dsx::net {

struct NamedOnnxNode {
  std::string layer;  // "conv1"
  kernels::OnnxNode node;
};

// A chain from the image [N, C, H, W] to the logit [N, 1], for any N. In f32, whatever the network's type.
std::vector<NamedOnnxNode> onnx_nodes(const Network& network);

}  // namespace dsx::net
