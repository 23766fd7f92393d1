// A decoder of one character, and what is made of each.
#include "kernels/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace dsx {
namespace {

struct Character {
  std::size_t bytes = 0;  // 0: the first byte begins none
  char32_t code = 0;
};

// A form of the Unicode standard's table 3-7: leading bytes, and the range of the second; all others
// are 80..BF.
struct Form {
  unsigned first_low, first_high, second_low, second_high;
  std::size_t bytes;
};
constexpr Form kForms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                           {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                           {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                           {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

Character first_character(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (at(0) < 0x80) return {1, at(0)};
  for (const Form& form : kForms) {
    if (at(0) < form.first_low || at(0) > form.first_high) continue;
    if (bytes.size() < form.bytes || at(1) < form.second_low || at(1) > form.second_high) return {};
    char32_t code = at(0) & (0x7FU >> form.bytes);
    for (std::size_t i = 1; i < form.bytes; ++i) {
      if ((at(i) & 0xC0U) != 0x80) return {};
      code = code << 6U | (at(i) & 0x3FU);
    }
    return {form.bytes, code};
  }
  return {};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

std::string escaped(char32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(code))
                         : fmt::format("\\u{:04x}", static_cast<unsigned>(code));
  }
}

std::string shown(std::string_view bytes, bool (*is_escaped)(char32_t)) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::size_t count = std::max<std::size_t>(1, character.bytes);
    if (character.bytes == 0)
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    else if (is_escaped(character.code))
      text += escaped(character.code);
    else
      text += bytes.substr(0, count);
    bytes.remove_prefix(count);
  }
  return text;
}

}  // namespace

std::size_t character_bytes(std::string_view bytes) { return first_character(bytes).bytes; }

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = first_character(bytes).bytes;
    if (count == 0) return false;
    bytes.remove_prefix(count);
  }
  return true;
}

std::string as_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  return shown(bytes, [](char32_t) { return false; });
}

std::string one_line(std::string_view bytes) { return shown(bytes, is_control); }

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace dsx
