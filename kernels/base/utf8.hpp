// File names, classes, ids and arguments are any bytes; JSON, YAML, HTML, HDF5, CSV and ONNX hold text. One
// convention for all of them: a byte that is no part of UTF-8 is written as \xf6, as Python's
// errors="backslashreplace" does. Everything else stays, so that applying it twice changes nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dsx {

// As the Unicode standard defines it (table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

// Bytes of the character that begins here; 0 when none does. `bytes` is not empty.
std::size_t character_bytes(std::string_view bytes);

// Valid UTF-8: `bytes` themselves when they are.
std::string as_utf8(std::string_view bytes);

// as_utf8() on one line, for tables, comments and messages: control characters and separators of lines become
// \n, \t, \x1b, \u2028.
std::string one_line(std::string_view bytes);

// Characters of valid UTF-8, which is about the columns they take on a terminal.
std::size_t code_points(std::string_view text);

}  // namespace dsx
