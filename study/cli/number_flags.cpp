#include "study/cli/number_flags.hpp"

#include <fmt/core.h>

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

}  // namespace dsx::cli
