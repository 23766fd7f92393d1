// Text in and out of the settings: parsing one value with its allowed range, YAML both ways, and the checks
// that need more than one field. Command lines are in command_line.cpp.
#include "study/settings/settings.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/suggestion.hpp"

namespace dsx::settings {
namespace {

// Whole text as a number, or nothing: "3x", "" and " 3" are no numbers.
template <typename T>
std::optional<T> number_from(const std::string& text) {
  T value{};
  const char* begin = text.c_str();
  const char* end = begin + text.size();
  if (text.starts_with("+") && text.size() > 1 && text[1] != '-') ++begin;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<bool> bool_from(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

bool in_range(const Field& field, double value) {
  return std::isfinite(value) && value <= field.max &&
         (field.min_open ? value > field.min : value >= field.min);
}

// Returns false when the text is no value of the field's type and range.
struct Setter {
  Settings& settings;
  const Field& field;
  const std::string& text;

  bool operator()(std::string Settings::*member) const {
    if (field.choices) {
      const std::vector<std::string> choices = field.choices();
      if (std::find(choices.begin(), choices.end(), text) == choices.end()) return false;
    }
    settings.*member = text;
    return true;
  }
  bool operator()(bool Settings::*member) const {
    const std::optional<bool> value = bool_from(text);
    if (value) settings.*member = *value;
    return value.has_value();
  }
  template <typename T>
  bool operator()(T Settings::*member) const {
    const std::optional<T> value = number_from<T>(text);
    if (!value || !in_range(field, static_cast<double>(*value))) return false;
    settings.*member = *value;
    return true;
  }
};

std::string yaml_value(const Settings& settings, const Field& field) {
  std::string text = value_text(settings, field);
  if (!std::holds_alternative<std::string Settings::*>(field.member)) return text;
  YAML::Emitter out;  // quotes where YAML would read something else ("yes", "#1", "")
  out << YAML::DoubleQuoted << text;
  const bool plain = !text.empty() &&
                     std::all_of(text.begin(), text.end(),
                                 [](unsigned char c) {
                                   return std::isalpha(c) || c == '/' || c == '_' || c == '-' || c == '.';
                                 }) &&
                     std::isalpha(static_cast<unsigned char>(text[0])) && !bool_from(text) && text != "null";
  return plain ? text : out.c_str();
}

}  // namespace

std::string flag_of(const Field& field) {
  std::string flag = "--" + field.key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string allowed_text(const Field& field) {
  if (field.choices) return fmt::format("one of {}", fmt::join(field.choices(), ", "));
  if (std::holds_alternative<bool Settings::*>(field.member)) return "true or false";
  if (std::holds_alternative<std::string Settings::*>(field.member)) return "text";
  const bool real = std::holds_alternative<double Settings::*>(field.member);
  const std::string kind = real ? "a number" : "an integer";
  if (field.min_open) return fmt::format("{} above {:.0f} and at most {:.10g}", kind, field.min, field.max);
  return fmt::format("{} from {:.10g} to {:.10g}", kind, field.min, field.max);
}

std::string value_text(const Settings& settings, const Field& field) {
  return std::visit([&](auto member) { return fmt::format("{}", settings.*member); }, field.member);
}

void set_from_text(Settings& settings, const Field& field, const std::string& text,
                   const std::string& where) {
  if (!std::visit(Setter{settings, field, text}, field.member))
    throw ConfigError(fmt::format("{}: expected {}, got '{}'", where, allowed_text(field), text));
}

void apply_yaml_text(Settings& settings, Sources& sources, const std::string& text,
                     const std::string& where) {
  YAML::Node root;
  try {
    root = YAML::Load(text);
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
    set_from_text(settings, *field, entry.second.Scalar(), fmt::format("{}: {}", place, key));
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
  for (std::string line; std::getline(lines, line);) yaml += "# " + line + "\n";
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
