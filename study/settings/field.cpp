// Text in and out of one setting, within its allowed range.
#include "study/settings/field.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"
#include "study/settings/yaml_text.hpp"

namespace dsx::settings {
namespace {

// "+3" too, as YAML has it.
template <typename T>
std::optional<T> signed_number(const std::string& text) {
  const bool plus = text.starts_with("+") && text.size() > 1 && text[1] != '-';
  return number_from_text<T>(std::string_view(text).substr(plus ? 1 : 0));
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
    const std::optional<T> value = signed_number<T>(text);
    if (!value || !in_range(field, static_cast<double>(*value))) return false;
    settings.*member = *value;
    return true;
  }
};

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

std::string yaml_value(const Settings& settings, const Field& field) {
  std::string text = value_text(settings, field);
  if (!std::holds_alternative<std::string Settings::*>(field.member)) return text;
  const bool plain = !text.empty() &&
                     std::all_of(text.begin(), text.end(),
                                 [](unsigned char c) {
                                   return std::isalpha(c) || c == '/' || c == '_' || c == '-' || c == '.';
                                 }) &&
                     std::isalpha(static_cast<unsigned char>(text[0])) && !bool_from(text) && text != "null";
  return plain ? text : yaml_text(text);  // quotes where YAML would read something else ("yes", "#1", "")
}

void set_from_text(Settings& settings, const Field& field, const std::string& text,
                   const std::string& where) {
  if (!std::visit(Setter{settings, field, text}, field.member))
    throw ConfigError(fmt::format("{}: expected {}, got '{}'", where, allowed_text(field), text));
}

}  // namespace dsx::settings
