// A whole text as a number, the same way everywhere: whatever the locale, and nothing left over.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace dsx {

// Nothing for "3x", "", " 3", "+3", and what T does not hold. T: an integer, float or double ("nan" and "inf"
// are some).
template <typename T>
std::optional<T> number_from_text(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace dsx
