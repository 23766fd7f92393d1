// What post-training quantization found out about a network, as data: how the activations lie in u8. Weights
// need none of it: their integers follow from them (kernels/onednn/int8.hpp).
#pragma once

#include <map>
#include <string>

#include "kernels/onednn/int8.hpp"

namespace dsx::net {

struct Quantization {
  // Of each layer's result, by the layer's name; of the images, "input".
  std::map<std::string, kernels::U8Scale> scales;

  const kernels::U8Scale& at(const std::string& layer) const;  // throws DataError
};

inline constexpr const char* kInputScale = "input";

}  // namespace dsx::net
