// Parsing of shapes files. The built-in ones are compiled in, so that an installed program needs no data
// folder.
#include "bench/arms/geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "kernels/base/error.hpp"
#include "kernels/base/nearest.hpp"
#include "kernels/base/number_text.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::bench {

namespace {

struct BuiltinList {
  const char* name;
  const char* text;
};
constexpr BuiltinList kBuiltin[] = {
#include "downscalexr_shapes.inc"
};

constexpr int kLargest = 1 << 20;  // of any number in a shapes file: keeps products within 64 bits

int number(std::string_view text, const std::string& what, int least) {
  const auto value = number_from_text<int>(text);
  if (!value || *value < least || *value > kLargest) {
    throw ConfigError(
        fmt::format("{} is '{}': it must be a whole number from {} to {}", what, text, least, kLargest));
  }
  return *value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  std::string part;
  while (std::getline(stream, part, separator)) parts.push_back(part);
  return parts;
}

struct Window {
  int kernel = 0, stride = 0, padding = 0;  // stride 0: not given
};

// "k5", "s2", "p1" in any order, after the first part.
Window window_of(const std::vector<std::string>& parts, const std::string& key) {
  Window window;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto& part = parts[i];
    const std::string value = part.empty() ? "" : part.substr(1);
    switch (part.empty() ? '\0' : part[0]) {
      case 'k':
        window.kernel = number(value, key + ": window k", 1);
        break;
      case 's':
        window.stride = number(value, key + ": stride s", 1);
        break;
      case 'p':
        window.padding = number(value, key + ": padding p", 0);
        break;
      default:
        throw ConfigError(fmt::format(
            "{}: '{}' is not known: write k (window), s (stride) or p (padding), as in k3,s2,p1", key, part));
    }
  }
  if (window.kernel == 0) throw ConfigError(fmt::format("{} has no window: add one, as in k3", key));
  return window;
}

void parse_src(const std::string& value, Geometry& geometry) {
  const auto parts = split(value, 'x');
  if (parts.size() != 3)
    throw ConfigError(fmt::format("src is '{}': write CxHxW, as in src=1x320x320", value));
  geometry.channels = number(parts[0], "src: channels", 1);
  geometry.height = number(parts[1], "src: height", 1);
  geometry.width = number(parts[2], "src: width", 1);
}

void parse_conv(const std::string& value, Geometry& geometry) {
  const auto parts = split(value, ',');
  if (parts.empty()) throw ConfigError("conv is empty: write conv=OC,kK, as in conv=6,k5");
  geometry.depthwise = parts[0] == "dw";
  if (!geometry.depthwise) geometry.out_channels = number(parts[0], "conv: out channels (or dw)", 1);
  const auto window = window_of(parts, "conv");
  geometry.kernel = window.kernel;
  geometry.stride = std::max(1, window.stride);
  geometry.padding = window.padding;
}

void parse_own(const std::string& value, Geometry& geometry) {
  const auto parts = split(value, ',');
  if (parts.empty() || (parts[0] != "max" && parts[0] != "avg")) {
    throw ConfigError(
        fmt::format("own is '{}': it must begin with max or avg, as in own=max,k3,s2,p1", value));
  }
  const auto window = window_of(parts, "own");
  geometry.own = OwnPool{parts[0] == "max" ? kernels::PoolKind::max : kernels::PoolKind::avg_exclude_padding,
                         window.kernel, window.stride == 0 ? window.kernel : window.stride, window.padding};
  if (2 * window.padding > window.kernel) {
    throw ConfigError(
        fmt::format("own: padding {} is more than half of the window {}", window.padding, window.kernel));
  }
}

Geometry parse_line(const std::string& line) {
  std::istringstream words(line);
  Geometry geometry;
  words >> geometry.name;
  if (geometry.name.find('=') != std::string::npos || geometry.name.find('/') != std::string::npos) {
    throw ConfigError(
        fmt::format("'{}' cannot be a name: a line begins with a name without '=' and '/'", geometry.name));
  }
  bool src = false, conv = false;
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    const auto value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "src") {
      parse_src(value, geometry);
      src = true;
    } else if (key == "conv") {
      parse_conv(value, geometry);
      conv = true;
    } else if (key == "own") {
      parse_own(value, geometry);
    } else {
      const auto near = nearest_word(key, {"src", "conv", "own"});
      throw ConfigError(fmt::format("'{}' is not known: use src, conv or own{}", key,
                                    near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
  }
  if (!src) throw ConfigError("src is missing: add src=CxHxW");
  if (!conv) throw ConfigError("conv is missing: add conv=OC,kK");
  if (geometry.depthwise) geometry.out_channels = geometry.channels;
  const auto shape = geometry_conv(geometry, 1, 1);  // throws when it does not fit
  if (shape.dst[2] < 2 || shape.dst[3] < 2) throw ConfigError("the convolution leaves nothing to downsample");
  if (geometry.own)
    kernels::pool_shape(shape.dst, geometry.own->window, geometry.own->stride, geometry.own->padding);
  return geometry;
}

}  // namespace

std::string OwnPool::name() const {
  return fmt::format("own_{}_k{}s{}p{}", kind == kernels::PoolKind::max ? "max" : "avg", window, stride,
                     padding);
}

kernels::ConvShape geometry_conv(const Geometry& geometry, int batch, int stride_factor) {
  const dnnl::memory::dims src{batch, geometry.channels, geometry.height, geometry.width};
  auto shape =
      kernels::conv_shape(src, geometry.out_channels, geometry.kernel, geometry.stride, geometry.padding);
  if (geometry.depthwise) shape.weights = {geometry.channels, 1, 1, geometry.kernel, geometry.kernel};
  if (stride_factor == 1) return shape;
  const auto rows = shape.dst[2], columns = shape.dst[3];
  if (rows % 2 != columns % 2) {
    throw ConfigError(fmt::format("{}: doubling the stride needs {}x{} to be both odd or both even",
                                  geometry.name, rows, columns));
  }
  // An odd last row and column fall to a smaller right padding.
  if (rows % 2 != 0) shape.padding_r -= geometry.stride;
  shape.stride *= stride_factor;
  shape.dst[2] = rows / 2;
  shape.dst[3] = columns / 2;
  return shape;
}

std::vector<Geometry> parse_geometries(const std::string& text, const std::string& where) {
  std::vector<Geometry> geometries;
  std::istringstream lines(as_utf8(text));  // names go into JSON and HDF5
  int line_number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++line_number;
    line.erase(std::find(line.begin(), line.end(), '#'), line.end());
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      auto geometry = parse_line(line);
      const bool taken = std::any_of(geometries.begin(), geometries.end(),
                                     [&](const Geometry& other) { return other.name == geometry.name; });
      if (taken)
        throw ConfigError(
            fmt::format("the name '{}' is taken by an earlier line: give each its own", geometry.name));
      geometries.push_back(std::move(geometry));
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("{}, line {}: {}", where, line_number, error.what()));
    }
  }
  if (geometries.empty()) {
    throw ConfigError(
        fmt::format("{}: no shapes in it; a line reads 'block1 src=1x320x320 conv=6,k5'", where));
  }
  return geometries;
}

std::vector<std::string> builtin_geometry_lists() {
  std::vector<std::string> names;
  for (const auto& list : kBuiltin) names.emplace_back(list.name);
  return names;
}

std::vector<Geometry> load_geometries(const std::string& path_or_name) {
  for (const auto& list : kBuiltin) {
    if (path_or_name == list.name) return parse_geometries(list.text, path_or_name);
  }
  std::ifstream file(path_or_name);
  std::ostringstream text;
  // A folder opens but cannot be read.
  if (!file || !(text << file.rdbuf())) {
    throw ConfigError(
        fmt::format("shapes '{}': no such file can be read; give a file, or one of the built-in {}",
                    path_or_name, fmt::join(builtin_geometry_lists(), ", ")));
  }
  return parse_geometries(text.str(), path_or_name);
}

}  // namespace dsx::bench
