// OpenCV's decoders, without what they print.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>

namespace dsx::data {

// Whatever OpenCV decodes with these flags (cv::IMREAD_...); three channels are RGB. Throws DataError.
cv::Mat decode_opencv(std::span<const std::uint8_t> bytes, int flags);

}  // namespace dsx::data
