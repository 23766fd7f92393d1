// JPEG files, by libjpeg itself, whose warnings are the only sign of truncated or damaged data.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>

namespace dsx::data {

// Grey or RGB of 8 bits, turned as its EXIF block says, wherever among the metadata that stands. Throws
// DataError with the reason only.
cv::Mat decode_jpeg(std::span<const std::uint8_t> bytes, bool grey);

}  // namespace dsx::data
