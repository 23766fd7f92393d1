#include "study/cli/number_flags.hpp"

#include <fmt/core.h>

#include <cctype>
#include <charconv>
#include <string>

#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"

namespace dsx::cli {

namespace po = boost::program_options;

std::size_t count_flag(const po::variables_map& given, const char* flag, std::size_t otherwise,
                       std::size_t least, std::size_t most) {
  if (given.count(flag) == 0) return otherwise;
  const auto& text = given[flag].as<std::string>();
  const auto count = number_from_text<std::size_t>(text);
  if (count && *count >= least && *count <= most) return *count;
  const bool open = most == kAnyCount;
  throw ConfigError(fmt::format(
      "--{}: expected an integer {}, got '{}'", flag,
      open ? fmt::format("of at least {}", least) : fmt::format("from {} to {}", least, most), text));
}

double positive_flag(const po::variables_map& given, const char* flag, double otherwise, double most) {
  if (given.count(flag) == 0) return otherwise;
  const auto& text = given[flag].as<std::string>();
  const auto value = number_from_text<double>(text);
  if (value && *value > 0 && *value <= most) return *value;
  throw ConfigError(fmt::format("--{}: expected a number above 0, at most {:g}, got '{}'", flag, most, text));
}

double seconds_of_flag(const char* flag, const std::string& text, double least_s, double most_s) {
  double total_s = 0;
  const char *at = text.data(), *const end = at + text.size();
  bool is_time = at != end;
  while (is_time && at != end) {
    double number = 0;
    const auto [after, error] = std::from_chars(at, end, number, std::chars_format::fixed);
    is_time = error == std::errc() && number >= 0;
    at = after;
    const char unit = at == end ? 's' : static_cast<char>(std::tolower(static_cast<unsigned char>(*at++)));
    is_time = is_time && (unit == 's' || unit == 'm' || unit == 'h');
    total_s += number * (unit == 'h' ? 3600 : unit == 'm' ? 60 : 1);
  }
  if (is_time && total_s > 0 && total_s >= least_s && total_s <= most_s) return total_s;
  const bool open = least_s <= 0;
  throw ConfigError(fmt::format("--{}: expected a time such as 4h, 90m or 1h30m{}, got '{}'", flag,
                                open ? "" : fmt::format(", from {:g} s to {:g} h", least_s, most_s / 3600),
                                text));
}

}  // namespace dsx::cli
