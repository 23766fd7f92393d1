#include "data/formats/resize.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace dsx::data {

std::string to_string(Resize resize) { return resize == Resize::area ? "area" : "bilinear"; }

Resize resize_from_string(const std::string& name) {
  for (const Resize resize : {Resize::area, Resize::bilinear})
    if (to_string(resize) == name) return resize;
  throw ConfigError(fmt::format("resize: '{}' is unknown; use area or bilinear", name));
}

}  // namespace dsx::data
