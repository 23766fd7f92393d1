#include "data/formats/image_colour.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace dsx::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool starts_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

// Walks the segments up to the frame header (SOF), which has the number of components.
std::optional<bool> jpeg(Bytes bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at] == 0xFF) {
    const std::uint8_t marker = bytes[at + 1];
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    constexpr std::size_t kComponents = 9;  // marker 2, length 2, precision 1, height 2, width 2
    if (frame)
      return at + kComponents < bytes.size() ? std::optional(bytes[at + kComponents] > 1) : std::nullopt;
    at += 2 + (std::size_t{bytes[at + 2]} << 8 | bytes[at + 3]);
  }
  return std::nullopt;
}

// IHDR's colour type: bit 1 is colour, palettes (3) included.
std::optional<bool> png(Bytes bytes) {
  constexpr std::size_t kColourType = 25;
  return bytes.size() > kColourType ? std::optional((bytes[kColourType] & 2) != 0) : std::nullopt;
}

// PhotometricInterpretation of the first directory: 0 and 1 are grey.
std::optional<bool> tiff(Bytes bytes) {
  const bool big = bytes[0] == 'M';
  const auto get = [&](std::size_t at, std::size_t width) -> std::optional<std::size_t> {
    if (at > bytes.size() || width > bytes.size() - at) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::size_t{bytes[at + i]} << (8 * (big ? width - 1 - i : i));
    return value;
  };
  const auto directory = get(4, 4);
  const auto entries = directory ? get(*directory, 2) : std::nullopt;
  for (std::size_t i = 0; entries && i < *entries; ++i) {
    const std::size_t entry = *directory + 2 + 12 * i;
    const auto tag = get(entry, 2), value = get(entry + 8, 2);
    if (!tag || !value) return std::nullopt;
    constexpr std::size_t kPhotometric = 262;
    if (*tag == kPhotometric) return *value > 1;
  }
  return std::nullopt;
}

struct Format {
  std::string_view magic;
  std::optional<bool> (*is_colour)(Bytes);
};
constexpr std::array kFormats{Format{"\xFF\xD8\xFF", jpeg}, Format{"\x89PNG\r\n\x1A\n", png},
                              Format{{"II*\0", 4}, tiff}, Format{{"MM\0*", 4}, tiff}};

}  // namespace

std::optional<bool> is_colour_image(Bytes bytes) {
  for (const Format& format : kFormats)
    if (starts_with(bytes, format.magic)) return format.is_colour(bytes);
  return std::nullopt;
}

}  // namespace dsx::data
