// What pools share: a oneDNN pooling primitive forward and backward.
#pragma once

#include "kernels/onednn/pool.hpp"
#include "net/graph/graph_writer.hpp"
#include "net/layers/layer.hpp"

namespace dsx::net {

// Of the keys kernel_size, stride and padding.
kernels::PoolShape pool_shape(const LayerPlace& place);
kernels::OnnxNode onnx_pool(const std::string& type, const LayerSpec& layer);

void add_pool(GraphWriter& graph, const std::string& layer, kernels::PoolKind kind,
              const kernels::PoolShape& shape);

}  // namespace dsx::net
