// Which way up an image is, as its EXIF block says.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>

namespace dsx::data {

// The orientation (1 to 8) in an EXIF block, which is a small TIFF file; 1 when it has none or is damaged.
int exif_orientation(std::span<const std::uint8_t> tiff);

// That of a WebP file, wherever among its chunks the EXIF one stands.
int webp_orientation(std::span<const std::uint8_t> webp);

// The image as it is to be seen.
cv::Mat turned(const cv::Mat& image, int orientation);

}  // namespace dsx::data
