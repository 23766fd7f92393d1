// Reading network files. Every mistake is reported with its line and, for a word, the nearest known one.
#include "net/spec.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "kernels/base/error.hpp"
#include "kernels/base/nearest.hpp"

namespace dsx::net {

namespace {

const std::vector<std::pair<std::string, std::string>>& builtin_sources() {
  static const std::vector<std::pair<std::string, std::string>> sources{
#include "downscalexr_networks.inc"
  };
  return sources;
}

const std::vector<std::string>& type_names() {  // in the order of LayerType
  static const std::vector<std::string> names{"Conv2d",     "BatchNorm2d", "ReLU",
                                              "AvgPool2d",  "MaxPool2d",   "AdaptiveAvgPool2d",
                                              "Downsample", "Flatten",     "Linear"};
  return names;
}

struct Key {
  std::function<void(LayerSpec&, const YAML::Node&)> read;
  bool required = false;
};
using Keys = std::map<std::string, Key>;

// A whole number of at least `least`.
Key integer(int LayerSpec::*member, int least, bool required = false) {
  return {[=](LayerSpec& spec, const YAML::Node& node) {
            spec.*member = node.as<int>();
            if (spec.*member < least)
              throw ConfigError(fmt::format("must be at least {}, not {}", least, spec.*member));
          },
          required};
}
Key flag(bool LayerSpec::*member) {
  return {[=](LayerSpec& spec, const YAML::Node& node) { spec.*member = node.as<bool>(); }};
}
Key positive(double LayerSpec::*member) {
  return {[=](LayerSpec& spec, const YAML::Node& node) {
    spec.*member = node.as<double>();
    if (!(spec.*member > 0 && spec.*member <= 1))
      throw ConfigError(fmt::format("must be in (0, 1], not {}", spec.*member));
  }};
}

// What each layer type takes, under PyTorch's names.
const Keys& keys_of(LayerType type) {
  static const std::map<LayerType, Keys> table{
      {LayerType::conv2d,
       {{"out_channels", integer(&LayerSpec::out_channels, 1, true)},
        {"kernel_size", integer(&LayerSpec::kernel_size, 1, true)},
        {"stride", integer(&LayerSpec::stride, 1)},
        {"padding", integer(&LayerSpec::padding, 0)},
        {"bias", flag(&LayerSpec::bias)}}},
      {LayerType::batch_norm2d,
       {{"eps", positive(&LayerSpec::eps)}, {"momentum", positive(&LayerSpec::momentum)}}},
      {LayerType::relu, {}},
      {LayerType::avg_pool2d,
       {{"kernel_size", integer(&LayerSpec::kernel_size, 1, true)},
        {"stride", integer(&LayerSpec::stride, 1)},
        {"padding", integer(&LayerSpec::padding, 0)},
        {"count_include_pad", flag(&LayerSpec::count_include_pad)}}},
      {LayerType::max_pool2d,
       {{"kernel_size", integer(&LayerSpec::kernel_size, 1, true)},
        {"stride", integer(&LayerSpec::stride, 1)},
        {"padding", integer(&LayerSpec::padding, 0)}}},
      {LayerType::adaptive_avg_pool2d, {{"output_size", integer(&LayerSpec::output_size, 1)}}},
      {LayerType::downsample, {}},
      {LayerType::flatten, {}},
      {LayerType::linear,
       {{"out_features", integer(&LayerSpec::out_features, 1, true)}, {"bias", flag(&LayerSpec::bias)}}},
  };
  return table.at(type);
}

[[noreturn]] void fail(const std::string& where, const YAML::Mark& mark, const std::string& what) {
  throw ConfigError(fmt::format("{}:{}: {}", where, mark.is_null() ? 1 : mark.line + 1, what));
}

std::string hint(const std::string& word, const std::vector<std::string>& known) {
  const auto near = nearest_word(word, known);
  return near.empty() ? fmt::format("use one of {}", fmt::join(known, ", "))
                      : fmt::format("did you mean {}?", near);
}

LayerType read_type(const std::string& name, const std::string& where, const YAML::Mark& mark) {
  for (std::size_t i = 0; i < type_names().size(); ++i) {
    if (type_names()[i] == name) return static_cast<LayerType>(i);
  }
  fail(where, mark, fmt::format("layer type '{}' is not known: {}", name, hint(name, type_names())));
}

void read_key(LayerSpec& spec, const std::string& key, const YAML::Node& value, const std::string& where) {
  if (key == "name") {
    spec.name = value.as<std::string>();
    return;
  }
  const auto& keys = keys_of(spec.type);
  const auto found = keys.find(key);
  if (found == keys.end()) {
    std::vector<std::string> known{"name"};
    for (const auto& [name, unused] : keys) known.push_back(name);
    fail(where, value.Mark(),
         fmt::format("{} has no key '{}': {}", to_string(spec.type), key, hint(key, known)));
  }
  try {
    found->second.read(spec, value);
  } catch (const YAML::BadConversion&) {
    fail(where, value.Mark(),
         fmt::format("{}.{}: '{}' is not a value of the right type", to_string(spec.type), key,
                     value.IsScalar() ? value.Scalar() : "a list or map"));
  } catch (const ConfigError& error) {
    fail(where, value.Mark(), fmt::format("{}.{} {}", to_string(spec.type), key, error.what()));
  }
}

LayerSpec read_layer(const YAML::Node& node, const std::string& where) {
  LayerSpec spec;
  YAML::Node settings;
  if (node.IsScalar()) {
    spec.type = read_type(node.Scalar(), where, node.Mark());
  } else if (node.IsMap() && node.size() == 1) {
    spec.type = read_type(node.begin()->first.as<std::string>(), where, node.Mark());
    settings = node.begin()->second;
  } else {
    fail(where, node.Mark(), "a layer is written 'Type' or 'Type: {key: value, ...}'");
  }
  if (settings.IsDefined() && !settings.IsNull()) {
    if (!settings.IsMap())
      fail(where, settings.Mark(), fmt::format("{} takes a map of keys", to_string(spec.type)));
    for (const auto& entry : settings) read_key(spec, entry.first.as<std::string>(), entry.second, where);
  }
  for (const auto& [name, key] : keys_of(spec.type)) {
    if (key.required && !(settings.IsDefined() && settings.IsMap() && settings[name].IsDefined())) {
      fail(where, node.Mark(), fmt::format("{} needs the key '{}'", to_string(spec.type), name));
    }
  }
  return spec;
}

// Layers without a name get one: relu1, conv1, ... by type and number.
void name_layers(NetworkSpec& spec, const std::string& where) {
  static const std::vector<std::string> short_names{
      "conv", "bn", "relu", "avgpool", "maxpool", "adaptive_pool", "downsample", "flatten", "fc"};
  std::map<LayerType, int> counts;
  std::map<std::string, int> seen;
  for (auto& layer : spec.layers) {
    const int number = ++counts[layer.type];
    if (layer.name.empty())
      layer.name = fmt::format("{}{}", short_names[static_cast<std::size_t>(layer.type)], number);
    if (++seen[layer.name] > 1)
      throw ConfigError(fmt::format("{}: two layers are named '{}'", where, layer.name));
  }
}

}  // namespace

std::string to_string(LayerType type) { return type_names().at(static_cast<std::size_t>(type)); }

NetworkSpec parse_network_spec(const std::string& yaml_text, const std::string& where) {
  try {
    const auto root = YAML::Load(yaml_text);
    if (!root.IsMap()) throw ConfigError(where + ": a network file has the keys 'name' and 'layers'");
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      if (key != "name" && key != "layers") {
        fail(where, entry.first.Mark(),
             fmt::format("key '{}' is not known: {}", key, hint(key, {"name", "layers"})));
      }
    }
    NetworkSpec spec;
    spec.name = root["name"].IsDefined() ? root["name"].as<std::string>() : "network";
    const auto layers = root["layers"];
    if (!layers.IsDefined() || !layers.IsSequence() || layers.size() == 0) {
      throw ConfigError(where + ": 'layers' must be a list of at least one layer");
    }
    for (const auto& node : layers) {
      spec.layers.push_back(read_layer(node, where));
      auto& layer = spec.layers.back();
      const bool pool = layer.type == LayerType::avg_pool2d || layer.type == LayerType::max_pool2d;
      if (layer.stride == 0) layer.stride = pool ? layer.kernel_size : 1;
    }
    name_layers(spec, where);
    return spec;
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        fmt::format("{}:{}: {}", where, error.mark.is_null() ? 1 : error.mark.line + 1, error.msg));
  }
}

std::vector<std::string> builtin_networks() {
  std::vector<std::string> names;
  for (const auto& [name, text] : builtin_sources()) names.push_back(name);
  return names;
}

NetworkSpec load_network_spec(const std::string& path_or_name) {
  for (const auto& [name, text] : builtin_sources()) {
    if (name == path_or_name) return parse_network_spec(text, name + ".yaml (built in)");
  }
  std::ifstream file(path_or_name);
  if (!file || std::filesystem::is_directory(path_or_name)) {
    throw ConfigError(fmt::format("network '{}' is neither a readable file nor a built-in network ({})",
                                  path_or_name, fmt::join(builtin_networks(), ", ")));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse_network_spec(text.str(), path_or_name);
}

bool behind_relu(const NetworkSpec& spec, std::size_t i) {
  while (i-- > 0) {
    switch (spec.layers[i].type) {
      case LayerType::relu:
        return true;
      case LayerType::flatten:
      case LayerType::max_pool2d:
      case LayerType::avg_pool2d:
      case LayerType::downsample:
        break;
      default:
        return false;
    }
  }
  return false;
}

}  // namespace dsx::net
