// The one table of layer types. Network files, shapes, parameters, graphs, ONNX and checkpoints all read it:
// a new layer type is one file in this folder plus one row.
#pragma once

#include <vector>

#include "net/layers/layer.hpp"

namespace dsx::net {

const std::vector<LayerType>& layer_table();

}  // namespace dsx::net
