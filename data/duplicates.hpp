// Which images are copies of each other, exactly or nearly, from their fingerprints. What to do about them is
// left to clean.hpp and to people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/dataset.hpp"
#include "data/fingerprint.hpp"

namespace dsx {

// Hashes of unrelated chest radiographs of the real set come as near as 8 bits; copies stay within 2.
inline constexpr int kDefaultRadius = 3;

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
  bool across_splits = false, across_classes = false, across_subjects = false;
};

struct Duplicates {
  int radius = 0;
  std::vector<CopyGroup> groups;       // by first index
  std::vector<NearPair> near;          // the closest first
  bool truncated = false;              // there are more near pairs than these
  std::size_t surplus_copies() const;  // images beyond the first of each group
};

// Throws ConfigError for a radius outside of 0 to kMaxHammingRadius.
Duplicates find_duplicates(const std::vector<Item>& items, const std::vector<Fingerprint>& fingerprints,
                           int radius, int jobs = 0);

// Pearson correlation of two images shrunk to 64 x 64: tells near duplicates from chance, reading the images
// once more. 0 where one of them has no structure. Throws DataError.
double similarity(const Dataset& dataset, std::size_t first, std::size_t second);

}  // namespace dsx
