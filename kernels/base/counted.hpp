// Counts in sentences: "1 thread", "2 threads". Wherever a number that may be 1 meets a noun, so that no
// message reads "1 threads".
#pragma once

#include <fmt/format.h>

#include <string>

namespace dsx {

// `many`: where it is not `one` with an s ("copy", "copies").
template <typename Count>
std::string counted(Count count, const std::string& one, const std::string& many = "") {
  return fmt::format("{} {}", count, count == Count{1} ? one : many.empty() ? one + "s" : many);
}

}  // namespace dsx
