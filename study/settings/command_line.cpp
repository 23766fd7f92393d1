// Boost.Program_options over the table of settings. Values stay text here: the table's own parser knows
// ranges.
#include "study/settings/command_line.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kernels/base/error.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/cli/flags.hpp"
#include "study/cli/text_table.hpp"
#include "study/settings/settings_fields.hpp"
#include "study/settings/track_secrets.hpp"

namespace dsx::settings {
namespace {

namespace po = boost::program_options;

bool takes(const CommandSyntax& syntax, const Field& field) {
  return syntax.keys.empty() ||
         std::find(syntax.keys.begin(), syntax.keys.end(), field.key) != syntax.keys.end();
}

po::options_description describe_flags(const CommandSyntax& syntax) {
  po::options_description flags;
  for (const Field& field : setting_fields()) {
    if (!takes(syntax, field)) continue;
    auto* value = po::value<std::string>();
    if (std::holds_alternative<bool Settings::*>(field.member)) value->implicit_value("true");
    flags.add_options()(flag_of(field).substr(2).c_str(), value, "");
  }
  flags.add(syntax.extra);
  return flags;
}

// Settings that this command does not take: those of training, which takes all.
std::map<std::string, std::string> flags_elsewhere(const CommandSyntax& syntax) {
  std::map<std::string, std::string> flags;
  for (const Field& field : setting_fields())
    if (!takes(syntax, field)) flags.emplace(flag_of(field).substr(2), "study");
  return flags;
}

std::string allowed_of(const std::string& flag) {
  const auto& fields = setting_fields();
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return flag_of(field) == flag; });
  return found == fields.end() ? "" : allowed_text(*found);
}

std::string placeholder(const Field& field) {
  if (std::holds_alternative<bool Settings::*>(field.member)) return "";
  if (std::holds_alternative<double Settings::*>(field.member)) return "NUMBER";
  if (!std::holds_alternative<std::string Settings::*>(field.member)) return "N";
  if (field.choices) return "NAME";
  return field.key == "out" || field.key == "resume" ? "DIR" : field.key == "config" ? "FILE" : "TEXT";
}

std::string default_of(const Field& field) {
  if (!field.default_text.empty()) return field.default_text;
  const Settings defaults;
  if (const auto* member = std::get_if<bool Settings::*>(&field.member))
    return defaults.**member ? "on" : "off";
  return value_text(defaults, field);
}

// What a reader may choose from, unless the help names every choice already or a table does.
std::string choices_of(const Field& field) {
  if (!field.choices || field.choices_in_table) return "";
  const std::vector<std::string> choices = field.choices();
  const bool named = std::all_of(choices.begin(), choices.end(), [&](const std::string& choice) {
    return field.help.find(choice) != std::string::npos;
  });
  return named ? "" : fmt::format(": {}", fmt::join(choices, ", "));
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& args, const CommandSyntax& syntax,
                               const Settings& defaults) {
  CommandLine line;
  line.settings = defaults;
  line.help = cli::asks_for_help(args);
  if (line.help) return line;
  cli::ParsedFlags parsed =
      cli::parse_flags(args, {syntax.command, describe_flags(syntax), syntax.max_positional, syntax.aliases,
                              flags_elsewhere(syntax), allowed_of});
  line.extra = std::move(parsed.values);
  line.positional = std::move(parsed.positional);
  if (line.extra.count("config")) {
    line.settings.config = line.extra["config"].as<std::string>();
    apply_yaml(line.settings, line.sources, line.settings.config);
  }
  for (const Field& field : setting_fields()) {
    const std::string flag = flag_of(field);
    if (!takes(syntax, field) || !line.extra.count(flag.substr(2)) || field.key == "config") continue;
    set_from_text(line.settings, field, line.extra[flag.substr(2)].as<std::string>(), flag);
    line.sources[field.key] = flag;
  }
  take_track_secrets(line.settings, line.sources.count("track") != 0 ? line.sources["track"] : "");
  check_settings(line.settings);
  return line;
}

std::string operators_help(const std::string& flag) {
  cli::TextTable table({"name", "in the original", "what it does"});
  for (const downsample::DownsampleOp& op : downsample::downsample_table())
    table.add({op.name, op.in_original_study ? "yes" : "", op.description});
  return fmt::format("Downsampling operators ({}):\n{}\n", flag, table.str());
}

std::string settings_help(const std::vector<std::string>& keys,
                          const std::map<std::string, std::string>& instead) {
  std::string help;
  bool table = false;
  CommandSyntax syntax;
  syntax.keys = keys;
  for (const SettingGroup group : setting_groups()) {
    std::string block;
    for (const Field& field : setting_fields()) {
      if (field.group != group || !takes(syntax, field)) continue;
      const std::string flag = fmt::format("{} {}", flag_of(field), placeholder(field));
      const auto other = instead.find(field.key);
      block += fmt::format("  {:<27} {}{} [{}]\n", flag, field.help, choices_of(field),
                           other == instead.end() ? default_of(field) : other->second);
      table = table || field.choices_in_table;
    }
    if (!block.empty()) help += title_of(group) + ":\n" + block + "\n";
  }
  return help + (table ? operators_help() : "");
}

}  // namespace dsx::settings
