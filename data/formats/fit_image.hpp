// From a decoded image of any size to the pixels of the study: grey or RGB, 8 bits, square. The one place
// where that is done, whatever file the image came from.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <span>

#include "data/formats/resize.hpp"

namespace dsx::data {

struct DecodeOptions {
  int size = 320;
  int channels = 1;  // 1 grey (ITU-R 601 luma), 3 RGB
  Resize resize = Resize::area;
};

inline constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 27;  // of an image: more than any radiograph

// `image`: one or three (RGB) channels of 8 or 16 bits; 16-bit values are divided by 257. chw holds
// channels x size x size bytes. Returns the size before the resize. Throws DataError without a name.
SourceSize fit_image(cv::Mat image, const DecodeOptions& options, std::span<std::uint8_t> chw);

}  // namespace dsx::data
