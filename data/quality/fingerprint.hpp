// What an audit keeps of each image, so that the images themselves need not stay in memory: 320 bytes for a
// hash of the pixels, a perceptual hash with its thumbnail, and statistics of the border. One pass over the
// images, several threads. Comparing them is left to duplicates.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/quality/perceptual_hash.hpp"
#include "data/sources/data_options.hpp"
#include "data/sources/dataset.hpp"

namespace dsx::data {

// Of the outer frame of an image (a twentieth of each side, at least one pixel), channels together, pixels
// from 0 to 255. Anatomy is inside; what the frame knows of the label is the device, the crop or the markers.
inline constexpr std::size_t kBorderStatistics = 8;
const std::array<std::string, kBorderStatistics>& border_statistic_names();
using BorderStatistics = std::array<float, kBorderStatistics>;

struct Fingerprint {
  std::array<std::uint64_t, 2> pixels{};  // first 128 bits of the SHA-256 of the pixels
  PerceptualHash look;
  BorderStatistics border{};
  bool operator==(const Fingerprint&) const = default;
};

Fingerprint fingerprint_of(ImageShape shape, std::span<const std::uint8_t> chw);

// One per item. jobs threads (0: every CPU). Throws DataError for an image that cannot be read, and what
// `progress` throws (it is called from the calling thread only; may be empty).
std::vector<Fingerprint> fingerprints_of(const Dataset& dataset, int jobs, const Progress& progress);

// The pixels' hash as 32 hex digits.
std::string pixels_hex(const Fingerprint& fingerprint);

}  // namespace dsx::data
