// Boost.Program_options over the table of settings. Values stay text here: the table's own parser knows
// ranges.
#include "study/command_line.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kernels/downsample.hpp"
#include "kernels/error.hpp"
#include "study/suggestion.hpp"
#include "study/text_table.hpp"
#include "study/tracked.hpp"

namespace dsx {
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
  // Words without a flag land in a hidden option, which has a name that no one types.
  flags.add_options()("positional-words", po::value<std::vector<std::string>>(), "");
  return flags;
}

std::vector<std::string> flag_names(const po::options_description& flags) {
  std::vector<std::string> names = {"help"};
  for (const auto& option : flags.options())
    if (option->long_name() != "positional-words") names.push_back(option->long_name());
  return names;
}

std::string bare(std::string flag) {
  flag.erase(0, flag.find_first_not_of('-'));
  return flag.substr(0, flag.find('='));
}

po::variables_map parse_flags(const std::vector<std::string>& args, const CommandSyntax& syntax) {
  const po::options_description flags = describe_flags(syntax);
  po::positional_options_description positional;
  positional.add("positional-words", -1);
  // No guessing: an abbreviation that works today may mean something else tomorrow.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(args).options(flags).positional(positional).style(style).run(), values);
    po::notify(values);
    return values;
  } catch (const po::unknown_option& error) {
    std::string flag = error.get_option_name();
    const std::string hint = did_you_mean(bare(flag), flag_names(flags), "--");
    throw ConfigError(fmt::format("unknown flag '{}'{} `study{} --help` lists all", flag, hint,
                                  syntax.command.empty() ? "" : " " + syntax.command));
  } catch (const po::multiple_occurrences& error) {
    throw ConfigError(fmt::format("{} is given twice", error.get_option_name()));
  } catch (const po::error_with_option_name& error) {
    const Field* field = nullptr;
    for (const Field& candidate : setting_fields())
      if (flag_of(candidate) == error.get_option_name()) field = &candidate;
    if (!field) throw ConfigError(error.what());
    throw ConfigError(fmt::format("{} needs a value: {}", error.get_option_name(), allowed_text(*field)));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
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
  line.help =
      std::any_of(args.begin(), args.end(), [](const std::string& a) { return a == "--help" || a == "-h"; });
  if (line.help) return line;
  line.extra = parse_flags(args, syntax);
  if (line.extra.count("positional-words"))
    line.positional = line.extra["positional-words"].as<std::vector<std::string>>();
  if (static_cast<int>(line.positional.size()) > syntax.max_positional)
    throw ConfigError(fmt::format("unexpected word '{}'; settings are flags, as in --data {}",
                                  line.positional[syntax.max_positional],
                                  line.positional[syntax.max_positional]));
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
  TextTable table({"name", "in the original", "what it does"});
  for (const DownsampleOp& op : downsample_table())
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

}  // namespace dsx
