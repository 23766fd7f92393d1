#include "study/cli/flags.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/base/error.hpp"
#include "kernels/base/nearest.hpp"
#include "study/cli/suggestion.hpp"

namespace dsx::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kPositional = "positional-words";  // a hidden option for words without a flag

std::vector<std::string> flag_names(const po::options_description& flags) {
  std::vector<std::string> names = {"help"};
  for (const auto& option : flags.options())
    if (option->long_name() != kPositional) names.push_back(option->long_name());
  return names;
}

std::string bare(std::string flag) {
  flag.erase(0, flag.find_first_not_of('-'));
  return flag.substr(0, flag.find('='));
}

// Flags that begin with the same word: "; its own are --latency-seconds, --latency-again".
std::string relatives(const std::string& flag, const std::vector<std::string>& names) {
  const std::string start = flag.substr(0, flag.find('-'));
  std::string text;
  for (const std::string& name : names)
    if (start != flag && name.starts_with(start + "-"))
      text += (text.empty() ? "; its own are --" : ", --") + name;
  return text;
}

// Old spellings become today's, as `--data-type bf16` and `--data-type=bf16`.
std::vector<std::string> without_aliases(std::vector<std::string> args,
                                         const std::map<std::string, std::string>& aliases) {
  for (std::string& word : args) {
    if (!word.starts_with("--")) continue;
    const auto alias = aliases.find(bare(word));
    if (alias != aliases.end()) word.replace(2, alias->first.size(), alias->second);
  }
  return args;
}

po::variables_map parsed(const std::vector<std::string>& args, const FlagSyntax& syntax,
                         const po::options_description& flags) {
  po::positional_options_description positional;
  positional.add(kPositional, -1);
  // No guessing: an abbreviation that works today may mean something else tomorrow.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(args).options(flags).positional(positional).style(style).run(), values);
    po::notify(values);
    return values;
  } catch (const po::unknown_option& error) {
    std::string flag = error.get_option_name();
    const std::string help =
        fmt::format("`study{} --help` lists all", syntax.command.empty() ? "" : " " + syntax.command);
    if (const auto other = syntax.elsewhere.find(bare(flag)); other != syntax.elsewhere.end()) {
      const std::string near = nearest_word(bare(flag), flag_names(flags));
      if (near.empty())
        throw ConfigError(fmt::format("{} is a flag of `{}`, not of this command{}; {}", flag, other->second,
                                      relatives(bare(flag), flag_names(flags)), help));
    }
    const std::string hint = did_you_mean(bare(flag), flag_names(flags), "--");
    throw ConfigError(fmt::format("unknown flag '{}'{} {}", flag, hint, help));
  } catch (const po::multiple_occurrences& error) {
    throw ConfigError(fmt::format("{} is given twice", error.get_option_name()));
  } catch (const po::error_with_option_name& error) {
    const std::string allowed = syntax.allowed ? syntax.allowed(error.get_option_name()) : "";
    if (allowed.empty()) throw ConfigError(error.what());
    throw ConfigError(fmt::format("{} needs a value: {}", error.get_option_name(), allowed));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
}

}  // namespace

bool asks_for_help(const std::vector<std::string>& args) {
  return std::any_of(args.begin(), args.end(),
                     [](const std::string& a) { return a == "--help" || a == "-h"; });
}

ParsedFlags parse_flags(const std::vector<std::string>& args, const FlagSyntax& syntax) {
  po::options_description flags;
  flags.add(syntax.flags);
  flags.add_options()(kPositional, po::value<std::vector<std::string>>(), "");
  ParsedFlags result{parsed(without_aliases(args, syntax.aliases), syntax, flags), {}};
  if (result.values.count(kPositional) != 0)
    result.positional = result.values[kPositional].as<std::vector<std::string>>();
  if (static_cast<int>(result.positional.size()) > syntax.max_positional)
    throw ConfigError(fmt::format("unexpected word '{}'; settings are flags, as in --data {}",
                                  result.positional[static_cast<std::size_t>(syntax.max_positional)],
                                  result.positional[static_cast<std::size_t>(syntax.max_positional)]));
  return result;
}

}  // namespace dsx::cli
