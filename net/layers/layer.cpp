#include "net/layers/layer.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace dsx::net {

std::string to_string(const LayerSpec& layer) {
  std::string line = fmt::format("{} {}", layer.type->name, layer.name);
  for (const LayerKey& key : layer.type->keys) {
    std::visit([&](const auto& value) { line += fmt::format(" {}={}", key.name, value); },
               layer.values.at(key.name));
  }
  return line;
}

const LayerType* LayerPlace::next(std::size_t ahead) const {
  return index + ahead < layers.size() ? layers[index + ahead].type : nullptr;
}

bool LayerPlace::relu_follows() const { return next() != nullptr && next()->is_relu; }

bool LayerPlace::behind_relu() const {
  for (std::size_t i = index; i-- > 0;) {
    if (layers[i].type->is_relu) return true;
    if (!layers[i].type->keeps_zeros) return false;
  }
  return false;
}

void need_image(const LayerPlace& place) {
  if (place.src.size() != 4) throw ConfigError("needs an input [N, C, H, W], but gets a flat one");
}

}  // namespace dsx::net
