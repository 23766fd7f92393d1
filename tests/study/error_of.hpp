// What an error says.
#pragma once

#include <functional>
#include <string>

#include "kernels/base/error.hpp"

namespace dsx {

template <typename Error = ConfigError>
std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(not thrown)";
}

}  // namespace dsx
