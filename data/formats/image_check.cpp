// Its decoders print about damage, and accept some of it.
#include "data/formats/image_check.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>
#include <vector>

#include "data/formats/fit_image.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

std::uint32_t png_number(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

// A TIFF file's integers, in its own byte order, with every access checked.
class TiffBytes {
 public:
  TiffBytes(std::span<const std::uint8_t> bytes, bool big) : bytes_(bytes), big_(big) {}
  std::uint64_t get(std::uint64_t at, unsigned width) const {
    if (at > bytes_.size() || width > bytes_.size() - at) throw DataError("truncated TIFF");
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |= std::uint64_t{bytes_[at + i]} << (8 * (big_ ? width - 1 - i : i));
    return value;
  }
  bool holds(std::uint64_t at, std::uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool big_;
};

// Values of a directory entry of type SHORT or LONG.
std::vector<std::uint64_t> entry_values(const TiffBytes& tiff, std::uint64_t entry) {
  const std::uint64_t type = tiff.get(entry + 2, 2), count = tiff.get(entry + 4, 4);
  const unsigned width = type == 3 ? 2 : 4;
  if ((type != 3 && type != 4) || count > (1U << 24)) throw DataError("damaged TIFF directory");
  const std::uint64_t at = count * width <= 4 ? entry + 8 : tiff.get(entry + 8, 4);
  if (!tiff.holds(at, count * width)) throw DataError("truncated TIFF");
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < count; ++i) values.push_back(tiff.get(at + i * width, width));
  return values;
}

std::uint64_t first_value(const TiffBytes& tiff, std::uint64_t entry) {
  const std::vector<std::uint64_t> values = entry_values(tiff, entry);
  if (values.empty()) throw DataError("damaged TIFF directory");
  return values.front();
}

}  // namespace

void check_png(std::span<const std::uint8_t> bytes) {
  std::size_t at = 8;  // after the signature
  bool first = true;
  while (true) {
    if (bytes.size() - at < 12) throw DataError("truncated PNG");
    const std::uint32_t length = png_number(&bytes[at]);
    if (length > bytes.size() - at - 12) throw DataError("truncated PNG");
    const std::uint8_t* type = &bytes[at + 4];
    if (crc32(crc32(0, nullptr, 0), type, length + 4) != png_number(type + 4 + length))
      throw DataError("damaged PNG (a checksum differs)");
    if (first) {
      if (std::memcmp(type, "IHDR", 4) != 0 || length < 13) throw DataError("damaged PNG header");
      const std::uint64_t pixels = std::uint64_t{png_number(type + 4)} * png_number(type + 8);
      if (pixels == 0 || pixels > kMaxPixels)
        throw DataError(fmt::format("PNG of {} pixels is refused", pixels));
      first = false;
    }
    if (std::memcmp(type, "IEND", 4) == 0) return;
    at += 12 + std::size_t{length};
  }
}

TiffFacts check_tiff(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8) throw DataError("truncated TIFF");
  const TiffBytes tiff(bytes, bytes[0] == 'M');
  if (tiff.get(2, 2) != 42)
    throw DataError("a BigTIFF file, which is not read; convert it, e.g. with tiffcp, or to PNG of 16 bits");
  const std::uint64_t directory = tiff.get(4, 4);
  const std::uint64_t entries = tiff.get(directory, 2);
  if (!tiff.holds(directory + 2, 12 * entries + 4)) throw DataError("truncated TIFF");
  TiffFacts facts;
  facts.more_pages = tiff.get(directory + 2 + 12 * entries, 4) != 0;
  std::uint64_t width = 0, height = 0;
  std::vector<std::uint64_t> offsets, counts;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + 12 * i;
    switch (tiff.get(entry, 2)) {
      case 256:
        width = first_value(tiff, entry);
        break;
      case 257:
        height = first_value(tiff, entry);
        break;
      case 258:
        facts.bits = static_cast<int>(first_value(tiff, entry) & 0xFF);
        break;
      case 262:
        facts.white_is_zero = first_value(tiff, entry) == 0;
        break;
      case 277:
        facts.samples = static_cast<int>(first_value(tiff, entry) & 0xFF);
        break;
      case 339:
        facts.sample_format = static_cast<int>(first_value(tiff, entry) & 0xFF);
        break;
      case 273:  // strips
      case 324:  // tiles
        offsets = entry_values(tiff, entry);
        break;
      case 279:
      case 325:
        counts = entry_values(tiff, entry);
        break;
      default:
        break;
    }
  }
  if (width == 0 || height == 0 || width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels)
    throw DataError(fmt::format("TIFF of {} x {} pixels is refused", width, height));
  if (offsets.empty() || offsets.size() != counts.size()) throw DataError("damaged TIFF directory");
  for (std::size_t i = 0; i < offsets.size(); ++i)
    if (!tiff.holds(offsets[i], counts[i])) throw DataError("truncated TIFF");
  return facts;
}

void check_bmp(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kHeader = 30;
  if (bytes.size() < kHeader) throw DataError("truncated BMP");
  const auto number = [&](std::size_t at) {
    return static_cast<std::int32_t>(bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
                                     std::uint32_t{bytes[at + 3]} << 24);
  };
  const std::int64_t width = number(18), height = std::abs(std::int64_t{number(22)});
  const unsigned bits = bytes[28];
  if (width <= 0 || height == 0 || static_cast<std::uint64_t>(width * height) > kMaxPixels)
    throw DataError(fmt::format("BMP of {} x {} pixels is refused", width, height));
  const auto start = static_cast<std::uint32_t>(number(10));
  const std::uint64_t row = (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4;
  // A compressed one has no fixed size; the decoder finds its end.
  const bool compressed = bytes.size() > 34 && number(30) != 0 && number(30) != 3;
  if (start > bytes.size() ||
      (!compressed && row * static_cast<std::uint64_t>(height) > bytes.size() - start))
    throw DataError("truncated BMP");
}

void check_webp(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kRiff = 8;  // the name and the length of what follows
  if (bytes.size() < 2 * kRiff) throw DataError("truncated WebP");
  const std::uint32_t length = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | std::uint32_t{bytes[7]} << 24;
  if (length > bytes.size() - kRiff) throw DataError("truncated WebP");
}

}  // namespace dsx::data
