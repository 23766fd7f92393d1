// An int8 network in ONNX's words: its f32 nodes, with a QuantizeLinear and a DequantizeLinear wherever a
// value is rounded to integers, and its weights as integers behind a DequantizeLinear (the form "QDQ", which
// runtimes turn into integer kernels).
#pragma once

#include <vector>

#include "net/network.hpp"
#include "net/onnx_nodes.hpp"

namespace dsx::net {

// Of a network that is quantized.
std::vector<NamedOnnxNode> onnx_int8_nodes(const Network& network);

}  // namespace dsx::net
