// Structure of image files, checked before OpenCV sees them, and what their headers say.
#pragma once

#include <cstdint>
#include <span>

namespace dsx::data {

struct TiffFacts {
  static constexpr int kSigned = 2, kFloat = 3;  // of sample_format (TIFF 6.0, SampleFormat)
  int bits = 1, samples = 1, sample_format = 1;
  bool white_is_zero = false;
  bool more_pages = false;  // behind the first one, which is read
};

// Throw DataError when the container is damaged: PNG chunks and their CRCs, TIFF directories and strips,
// lengths.
void check_png(std::span<const std::uint8_t> bytes);
TiffFacts check_tiff(std::span<const std::uint8_t> bytes);
void check_bmp(std::span<const std::uint8_t> bytes);
void check_webp(std::span<const std::uint8_t> bytes);

}  // namespace dsx::data
