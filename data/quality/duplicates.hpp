// Which images are copies of each other, exactly or nearly, from their fingerprints. What to do about them is
// left to clean.hpp and to people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/quality/fingerprint.hpp"
#include "data/sources/dataset.hpp"

namespace dsx::data {

// A near pair: hashes within `radius` bits, and a correlation of the images of at least `similarity`. Images
// of the real set that were saved again as JPEG (quality 10), resized to 96 pixels, brightened, or cropped by
// 1% stay within 6 bits of themselves; different people correlate up to .970.
struct DuplicateOptions {
  int radius = 6;
  double similarity = 0.98;
  int jobs = 0;  // threads; 0: every CPU
};

// Throws ConfigError for values out of range.
void check(const DuplicateOptions& options);

// Images that are one: the same source file (SHA-256), or the same pixels from different files.
struct CopyGroup {
  std::vector<std::size_t> indices;  // two or more, ascending
  bool same_file = false;            // all of them by their files' SHA-256
  bool across_splits = false, across_classes = false, across_subjects = false;
};

// Two different images that look alike. Of a group of copies only the first stands in pairs.
struct NearPair {
  std::size_t first = 0, second = 0;  // first < second
  int distance = 0;                   // differing bits of the perceptual hashes
  double similarity = 0;              // similarity()
  bool across_splits = false, across_classes = false, across_subjects = false;
};

struct Duplicates {
  std::vector<CopyGroup> groups;       // by first index
  std::vector<NearPair> near;          // the most similar first
  bool truncated = false;              // there are more near pairs than these
  std::size_t surplus_copies() const;  // images beyond the first of each group
};

// fingerprints_of(dataset). Images whose thumbnails look alike are read once more for their similarity.
// Throws ConfigError for options out of range, DataError for an image that cannot be read.
Duplicates find_duplicates(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                           const DuplicateOptions& options);

// Pearson correlation of two images shrunk to 64 x 64; about 0 where one of them has one value everywhere.
double similarity(const Dataset& dataset, std::size_t first, std::size_t second);

}  // namespace dsx::data
