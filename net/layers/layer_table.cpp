#include "net/layers/layer_table.hpp"

namespace dsx::net {

// Each at the end of its file.
LayerType conv_layer(), batch_norm_layer(), relu_layer(), avgpool_layer(), maxpool_layer(),
    adaptive_pool_layer(), downsample_layer(), flatten_layer(), fc_layer();

const std::vector<LayerType>& layer_table() {
  static const std::vector<LayerType> table{conv_layer(),       batch_norm_layer(), relu_layer(),
                                            avgpool_layer(),    maxpool_layer(),    adaptive_pool_layer(),
                                            downsample_layer(), flatten_layer(),    fc_layer()};
  return table;
}

}  // namespace dsx::net
