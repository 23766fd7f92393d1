// What hardly changes when an image is resized, recompressed, slightly brightened or cropped: a 64-bit hash,
// whose near pairs an index finds (hamming_index.hpp), and a thumbnail that tells those that are alike from
// those that only share the hash. Radiographs need both: of 17 million pairs of different people in the real
// set, 2300 have hashes within 6 bits, and none of them a correlation above .975 (a copy saved again: .99).
//
// The hash is the DCT one ("pHash", Zauner 2010): the image shrunk to 32 x 32, the 64 lowest frequencies
// without the mean in zigzag order, one bit each: is it above their median? As half of the bits are set,
// distances are even. OpenCV has such a hash in its contrib module img_hash, but Debian's
// libopencv-contrib-dev drags in two dozen modules; dct() and resize() of those that are here anyway are
// enough.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "data/sources/dataset.hpp"

namespace dsx::data {

inline constexpr int kThumbnailSide = 16;

struct PerceptualHash {
  std::uint64_t bits = 0;
  // Mean 0, standard deviation 32, cut at +-127; all 0 for an image of one value.
  std::array<std::int8_t, kThumbnailSide * kThumbnailSide> thumbnail{};
  bool operator==(const PerceptualHash&) const = default;
};

// chw: uint8 pixels, C, H, W; channels are averaged.
PerceptualHash perceptual_hash(ImageShape shape, std::span<const std::uint8_t> chw);

// Pearson correlation of two thumbnails; 0 where one is flat.
double thumbnail_correlation(const PerceptualHash& a, const PerceptualHash& b);

}  // namespace dsx::data
