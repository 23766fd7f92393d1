// yaml-cpp makes U+FFFD of what is not UTF-8, so each such byte goes through it as a character for private
// use.
#include "study/settings/yaml_text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "kernels/base/utf8.hpp"

namespace dsx::settings {
namespace {

constexpr char32_t kStandIn = 0x10F700;  // of byte 0
constexpr std::size_t kStandInBytes = 4;

std::string stand_in_of(unsigned char byte) {
  const char32_t code = kStandIn + byte;
  std::string text = "\xF4";
  for (const unsigned shift : {12U, 6U, 0U}) text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  return text;
}

std::string with_stand_ins(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t count = character_bytes(bytes);
    if (count == 0)
      text += stand_in_of(static_cast<unsigned char>(bytes[0]));
    else
      text += bytes.substr(0, count);
    bytes.remove_prefix(std::max<std::size_t>(1, count));
  }
  return text;
}

std::string without_stand_ins(std::string text) {
  const std::string first = stand_in_of(0x80).substr(0, 2);
  for (std::size_t at = 0; (at = text.find(first, at)) != std::string::npos; ++at) {
    for (unsigned byte = 0x80; byte < 0x100; ++byte)
      if (text.compare(at, kStandInBytes, stand_in_of(static_cast<unsigned char>(byte))) == 0)
        text.replace(at, kStandInBytes, 1, static_cast<char>(byte));
  }
  return text;
}

std::string base64_of(const std::string& bytes) {
  std::vector<unsigned char> text(4 * ((bytes.size() + 2) / 3) + 1);
  const int count = EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  return {text.begin(), text.begin() + count};
}

std::string bytes_of_base64(std::string text, const YAML::Mark& mark) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  constexpr std::size_t kMost = 1 << 20;
  std::vector<unsigned char> bytes(text.size() + 1);
  const int count = text.empty() || text.size() > kMost
                        ? -1
                        : EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()));
  // The filling at the end counts as zeros.
  const auto filling = std::min<std::ptrdiff_t>(2, std::count(text.begin(), text.end(), '='));
  const std::string decoded =
      count < filling ? "" : std::string(bytes.begin(), bytes.begin() + (count - filling));
  if (decoded.empty() || base64_of(decoded) != text || decoded.find('\0') != std::string::npos)
    throw YAML::ParserException(mark, "!!binary: expected text without NUL in base64");
  return decoded;
}

}  // namespace

std::string yaml_text(const std::string& bytes) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << bytes;
  try {
    if (bytes_of_scalar(load_yaml(out.c_str())) == bytes) return out.c_str();
  } catch (const YAML::Exception&) {  // of a character that it writes and does not read
  }
  return fmt::format("!!binary {}  # {}", base64_of(bytes), one_line(bytes));
}

YAML::Node load_yaml(const std::string& text) {
  return YAML::Load(is_utf8(text) ? text : with_stand_ins(text));
}

std::string bytes_of_scalar(const YAML::Node& scalar) {
  if (scalar.Tag() == "tag:yaml.org,2002:binary") return bytes_of_base64(scalar.Scalar(), scalar.Mark());
  return without_stand_ins(scalar.Scalar());
}

}  // namespace dsx::settings
