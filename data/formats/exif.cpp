// EXIF 2.32, 4.6.4: tag 274 of the first directory.
#include "data/formats/exif.hpp"

#include <cstring>
#include <optional>

namespace dsx::data {
namespace {

std::optional<std::size_t> exif_number(std::span<const std::uint8_t> bytes, std::size_t at,
                                       std::size_t width) {
  if (at > bytes.size() || width > bytes.size() - at) return std::nullopt;
  const bool big = bytes[0] == 'M';
  std::size_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::size_t{bytes[at + i]} << (8 * (big ? width - 1 - i : i));
  return value;
}

}  // namespace

int exif_orientation(std::span<const std::uint8_t> tiff) {
  constexpr std::size_t kOrientation = 274, kEntry = 12;
  const auto directory = exif_number(tiff, 4, 4);
  const auto entries = directory ? exif_number(tiff, *directory, 2) : std::nullopt;
  for (std::size_t i = 0; entries && i < *entries; ++i) {
    const std::size_t entry = *directory + 2 + kEntry * i;
    const auto tag = exif_number(tiff, entry, 2), value = exif_number(tiff, entry + 8, 2);
    if (!tag || !value) break;
    if (*tag == kOrientation) return *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
  }
  return 1;
}

int webp_orientation(std::span<const std::uint8_t> webp) {
  constexpr std::size_t kHead = 8, kRiff = 12;  // name and length; RIFF, length, WEBP
  for (std::size_t at = kRiff; at + kHead <= webp.size();) {
    const std::size_t length =
        webp[at + 4] | webp[at + 5] << 8 | webp[at + 6] << 16 | std::size_t{webp[at + 7]} << 24;
    if (length > webp.size() - at - kHead) break;
    std::span<const std::uint8_t> contents = webp.subspan(at + kHead, length);
    if (std::memcmp(&webp[at], "EXIF", 4) == 0) {
      constexpr std::size_t kName = 6;  // some write JPEG's "Exif" and two zeros before the block
      if (contents.size() > kName && std::memcmp(contents.data(), "Exif\0\0", kName) == 0)
        contents = contents.subspan(kName);
      return contents.empty() ? 1 : exif_orientation(contents);
    }
    at += kHead + length + length % 2;
  }
  return 1;
}

cv::Mat turned(const cv::Mat& image, int orientation) {
  // 1 as it is, 2 mirrored, 3 turned by half, 4 upside down; 5 to 8 are these of the transposed image.
  cv::Mat result;
  switch (orientation) {
    case 2:
      cv::flip(image, result, 1);
      break;
    case 3:
      cv::flip(image, result, -1);
      break;
    case 4:
      cv::flip(image, result, 0);
      break;
    case 5:
      cv::transpose(image, result);
      break;
    case 6:
      cv::transpose(image, result);
      cv::flip(result, result, 1);
      break;
    case 7:
      cv::transpose(image, result);
      cv::flip(result, result, -1);
      break;
    case 8:
      cv::transpose(image, result);
      cv::flip(result, result, 0);
      break;
    default:
      result = image;
  }
  return result;
}

}  // namespace dsx::data
