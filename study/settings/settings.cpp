// The settings as YAML, both ways, and the checks that need more than one field. One field's text is in
// field.cpp, command lines are in command_line.cpp.
#include "study/settings/settings.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"
#include "study/cli/suggestion.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/settings/train_images.hpp"
#include "study/settings/yaml_text.hpp"

namespace dsx::settings {
void apply_yaml_text(Settings& settings, Sources& sources, const std::string& text,
                     const std::string& where) {
  YAML::Node root;
  try {
    root = load_yaml(text);
  } catch (const YAML::Exception& error) {
    throw ConfigError(fmt::format("{}:{}: not valid YAML: {}", where, error.mark.line + 1, error.msg));
  }
  if (root.IsNull()) return;
  if (!root.IsMap())
    throw ConfigError(
        fmt::format("{}:{}: expected lines of the form 'key: value'", where, root.Mark().line + 1));
  std::vector<std::string> known;
  for (const Field& field : setting_fields())
    if (field.key != "config") known.push_back(field.key);
  Sources seen;
  for (const auto& entry : root) {
    const std::string place = fmt::format("{}:{}", where, entry.first.Mark().line + 1);
    if (!entry.first.IsScalar()) throw ConfigError(place + ": a key must be one word");
    const std::string key = entry.first.Scalar();
    const Field* field = find_field(key);
    if (!field || key == "config")
      throw ConfigError(fmt::format("{}: unknown key '{}'{} `study --help` lists all", place, key,
                                    cli::did_you_mean(key, known)));
    if (!seen.emplace(key, place).second)
      throw ConfigError(fmt::format("{}: key '{}' occurs twice (first in {})", place, key, seen[key]));
    if (!entry.second.IsScalar())
      throw ConfigError(fmt::format("{}: {}: expected {}, got {}", place, key, allowed_text(*field),
                                    entry.second.IsNull()  ? "nothing"
                                    : entry.second.IsMap() ? "a map"
                                                           : "a list"));
    try {
      set_from_text(settings, *field, bytes_of_scalar(entry.second), fmt::format("{}: {}", place, key));
    } catch (const YAML::Exception& error) {
      throw ConfigError(fmt::format("{}: {}: {}", place, key, error.msg));
    }
    sources[key] = place;
  }
}

void apply_yaml(Settings& settings, Sources& sources, const std::string& path) {
  std::error_code ignored;  // a folder opens like a file and reads as nothing
  std::ifstream file;
  if (!std::filesystem::is_directory(path, ignored)) file.open(path, std::ios::binary);
  std::ostringstream text;
  if (file.is_open()) text << file.rdbuf();
  if (!file.is_open() || !file || text.bad())
    throw ConfigError(
        fmt::format("{}: the settings file cannot be read; check the path given with --config", path));
  apply_yaml_text(settings, sources, text.str(), path);
}

void check_settings(const Settings& s) {
  if (s.nesterov && (s.optimizer != "sgd" || s.momentum <= 0))
    throw ConfigError("nesterov: needs --optimizer sgd with a momentum above 0");
  if (s.warmup_epochs > s.epochs)
    throw ConfigError(fmt::format("warmup_epochs: {} is more than the {} of the run", s.warmup_epochs,
                                  counted(s.epochs, "epoch")));
  train_images_from_text(s.train_images, "train_images");
  if (s.algorithm != "direct" && s.engine != "fused")
    throw ConfigError(fmt::format(
        "algorithm: {} is for the fused engine; add --engine fused, or leave it direct", s.algorithm));
  if (s.channels == 2) throw ConfigError("channels: expected 1 (grey) or 3 (colour), got '2'");
  if (s.data.empty()) throw ConfigError("data: expected synthetic, a folder or an .h5 file, got ''");
  if (s.out.empty()) throw ConfigError("out: expected a folder, got ''");
  if (s.name == "." || s.name == ".." || s.name.find('/') != std::string::npos)
    throw ConfigError(fmt::format(
        "name: expected one folder name without '/', got '{}'; use --out for the folder above", s.name));
}

void make_paths_absolute(Settings& s) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (s.data != "synthetic") s.data = fs::absolute(s.data).lexically_normal().string();
  if (fs::is_regular_file(s.network, error)) s.network = fs::absolute(s.network).lexically_normal().string();
  if (!s.manifest.empty()) s.manifest = fs::absolute(s.manifest).lexically_normal().string();
  if (!s.resume.empty()) s.resume = fs::absolute(s.resume).lexically_normal().string();
}

std::string to_yaml(const Settings& settings, const std::string& head) {
  std::string yaml;
  std::istringstream lines(head);
  for (std::string line; std::getline(lines, line);) yaml += "# " + one_line(line) + "\n";
  for (const SettingGroup group : setting_groups()) {
    std::string block;
    for (const Field& field : setting_fields()) {
      if (field.group != group || !field.in_config) continue;
      if (field.key == "threads" && settings.threads == 0) continue;  // not given: decided where it runs
      block += fmt::format("{}: {}\n", field.key, yaml_value(settings, field));
    }
    if (!block.empty()) yaml += "\n# " + title_of(group) + "\n" + block;
  }
  return yaml;
}

}  // namespace dsx::settings
