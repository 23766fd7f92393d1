// A command's own flags that are numbers, declared as text so that every message is this program's. (Settings
// have ranges of their own: study/settings/field.hpp.)
#pragma once

#include <boost/program_options.hpp>
#include <cstddef>
#include <limits>
#include <string>

namespace dsx::cli {

inline constexpr std::size_t kAnyCount = std::numeric_limits<int>::max();

// `flag` without its dashes; what was not given is `otherwise`. Throw ConfigError that names flag and range.
std::size_t count_flag(const boost::program_options::variables_map& given, const char* flag,
                       std::size_t otherwise, std::size_t least, std::size_t most = kAnyCount);
double positive_flag(const boost::program_options::variables_map& given, const char* flag, double otherwise,
                     double most);
// "10m", "90s", "1h30m", "600" (seconds), as the flag's value: seconds above 0, within `least_s` and
// `most_s`.
double seconds_of_flag(const char* flag, const std::string& text, double least_s = 0, double most_s = 1e9);

}  // namespace dsx::cli
