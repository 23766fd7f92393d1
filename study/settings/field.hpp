// One setting as a row of a table: its key, its kind and range, its help; and text in and out of it. The rows
// are in settings_fields.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "study/settings/settings.hpp"

namespace dsx::settings {

enum class SettingGroup { network, data, preprocessing, augmentation, noise, training, machine, output };

// May a resumed run change it? `fixed` settings decide the numbers; `free` ones only how long, where or how
// it is shown.
enum class OnResume { fixed, free };

struct Field {
  using Member = std::variant<std::string Settings::*, int Settings::*, std::int64_t Settings::*,
                              std::uint64_t Settings::*, double Settings::*, bool Settings::*>;
  std::string key;  // YAML key; the flag is "--" + key with '-' for '_'
  SettingGroup group;
  Member member;
  std::string help;  // one line: what it does and its unit
  // Numbers: the allowed range, both ends included (or `min` not, when min_open). Strings: choices, when not
  // empty.
  double min = 0, max = 0;
  bool min_open = false;
  std::function<std::vector<std::string>()> choices;
  bool choices_in_table = false;  // help explains them in a table of their own (operators_help)
  OnResume on_resume = OnResume::fixed;
  bool in_config = true;     // false: where a run goes, not what it is; left out of config.yaml
  std::string default_text;  // for help, where the default is found out at run time
};

std::string flag_of(const Field& field);       // "--val-fraction"
std::string allowed_text(const Field& field);  // "an integer from 1 to 4096", "one of avgpool, maxpool"

// Shortest text that reads back to the same value.
std::string value_text(const Settings& settings, const Field& field);
// The same as YAML: in quotes where YAML would read something else.
std::string yaml_value(const Settings& settings, const Field& field);
// Sets one field from text. Throws ConfigError "<where>: expected <allowed>, got '<text>'".
void set_from_text(Settings& settings, const Field& field, const std::string& text, const std::string& where);

}  // namespace dsx::settings
