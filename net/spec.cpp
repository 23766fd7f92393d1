// Reading network files. Every mistake is reported with its line and, for a word, the nearest known one.
#include "net/spec.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "kernels/base/error.hpp"
#include "kernels/base/nearest.hpp"
#include "kernels/base/utf8.hpp"
#include "net/layers/layer_table.hpp"

namespace dsx::net {

namespace {

const std::vector<std::pair<std::string, std::string>>& builtin_sources() {
  static const std::vector<std::pair<std::string, std::string>> sources{
#include "downscalexr_networks.inc"
  };
  return sources;
}

[[noreturn]] void fail(const std::string& where, const YAML::Mark& mark, const std::string& what) {
  throw ConfigError(fmt::format("{}:{}: {}", where, mark.is_null() ? 1 : mark.line + 1, what));
}

std::string hint(const std::string& word, const std::vector<std::string>& known) {
  const auto near = nearest_word(word, known);
  return near.empty() ? fmt::format("use one of {}", fmt::join(known, ", "))
                      : fmt::format("did you mean {}?", near);
}

const LayerType& read_type(const std::string& name, const std::string& where, const YAML::Mark& mark) {
  std::vector<std::string> known;
  for (const LayerType& type : layer_table()) {
    if (type.name == name) return type;
    known.push_back(type.name);
  }
  fail(where, mark, fmt::format("layer type '{}' is not known: {}", name, hint(name, known)));
}

// As `key`'s type says.
LayerValue read_value(const LayerKey& key, const YAML::Node& node) {
  if (std::holds_alternative<bool>(key.value)) return node.as<bool>();
  if (std::holds_alternative<int>(key.value)) {
    const int value = node.as<int>();
    if (value < key.least) throw ConfigError(fmt::format("must be at least {}, not {}", key.least, value));
    return value;
  }
  const auto value = node.as<double>();
  if (!(value > 0 && value <= 1)) throw ConfigError(fmt::format("must be in (0, 1], not {}", value));
  return value;
}

// In messages, keys stand in the order of the alphabet.
std::vector<std::string> sorted_keys(const LayerType& type, bool required_only) {
  std::vector<std::string> names;
  for (const LayerKey& key : type.keys) {
    if (key.required || !required_only) names.push_back(key.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void read_key(LayerSpec& spec, const std::string& name, const YAML::Node& value, const std::string& where) {
  if (name == "name") {
    spec.name = value.as<std::string>();
    return;
  }
  const LayerType& type = *spec.type;
  const auto key = std::find_if(type.keys.begin(), type.keys.end(),
                                [&](const LayerKey& known) { return known.name == name; });
  if (key == type.keys.end()) {
    auto known = sorted_keys(type, false);
    known.insert(known.begin(), "name");
    fail(where, value.Mark(), fmt::format("{} has no key '{}': {}", type.name, name, hint(name, known)));
  }
  try {
    spec.values[name] = read_value(*key, value);
  } catch (const YAML::BadConversion&) {
    fail(where, value.Mark(),
         fmt::format("{}.{}: '{}' is not a value of the right type", type.name, name,
                     value.IsScalar() ? value.Scalar() : "a list or map"));
  } catch (const ConfigError& error) {
    fail(where, value.Mark(), fmt::format("{}.{} {}", type.name, name, error.what()));
  }
}

// Of the keys that the file leaves out.
void set_defaults(LayerSpec& spec) {
  for (const LayerKey& key : spec.type->keys)
    spec.values.try_emplace(key.name, key.same_as.empty() ? key.value : spec.values.at(key.same_as));
}

LayerSpec read_layer(const YAML::Node& node, const std::string& where) {
  LayerSpec spec;
  YAML::Node settings;
  if (node.IsScalar()) {
    spec.type = &read_type(node.Scalar(), where, node.Mark());
  } else if (node.IsMap() && node.size() == 1) {
    spec.type = &read_type(node.begin()->first.as<std::string>(), where, node.Mark());
    settings = node.begin()->second;
  } else {
    fail(where, node.Mark(), "a layer is written 'Type' or 'Type: {key: value, ...}'");
  }
  if (settings.IsDefined() && !settings.IsNull()) {
    if (!settings.IsMap())
      fail(where, settings.Mark(), fmt::format("{} takes a map of keys", spec.type->name));
    for (const auto& entry : settings) read_key(spec, entry.first.as<std::string>(), entry.second, where);
  }
  for (const std::string& name : sorted_keys(*spec.type, true)) {
    if (!spec.values.contains(name))
      fail(where, node.Mark(), fmt::format("{} needs the key '{}'", spec.type->name, name));
  }
  set_defaults(spec);
  return spec;
}

// Layers without a name get one: relu1, conv1, ... by type and number.
void name_layers(NetworkSpec& spec, const std::string& where) {
  std::map<const LayerType*, int> counts;
  std::map<std::string, int> seen;
  for (auto& layer : spec.layers) {
    const int number = ++counts[layer.type];
    if (layer.name.empty()) layer.name = fmt::format("{}{}", layer.type->short_name, number);
    if (++seen[layer.name] > 1)
      throw ConfigError(fmt::format("{}: two layers are named '{}'", where, layer.name));
  }
}

}  // namespace

NetworkSpec parse_network_spec(const std::string& yaml_text, const std::string& where) {
  try {
    const auto root = YAML::Load(as_utf8(yaml_text));
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
    for (const auto& node : layers) spec.layers.push_back(read_layer(node, where));
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

}  // namespace dsx::net
