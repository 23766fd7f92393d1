// From a decoded image of any size and range to the pixels of the study: grey or RGB, 8 bits, square. The one
// place where that is done, whatever file the image came from.
#pragma once

#include <cstdint>
#include <span>

#include "data/formats/intensity.hpp"
#include "data/formats/resize.hpp"

namespace dsx::data {

struct DecodeOptions {
  int size = 320;
  int channels = 1;  // 1 grey (ITU-R 601 luma), 3 RGB
  Resize resize = Resize::area;
  IntensityOptions intensity = {};
};

inline constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 27;  // of an image: more than any radiograph

// What is known of an image when its pixels are done.
struct ImageFacts {
  SourceSize source;     // before the resize
  std::string kind;      // Picture's
  UsedValues used;       // by the file
  IntensityRange range;  // black and white
  bool own_range = false;
  bool flat = false;           // every pixel of the result has one value
  bool two_values = false;     // the file has two values, as masks do
  int dark = 0, bright = 255;  // levels of the result (0 black, 255 white) below and above which 1% is
  std::string patient, note;
};

// chw holds channels x size x size bytes. Throws DataError without a name.
ImageFacts fit_image(const Picture& picture, const DecodeOptions& options, std::span<std::uint8_t> chw);

}  // namespace dsx::data
