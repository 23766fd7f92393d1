// The labels of image arrays: numbers of classes, or truth values of several findings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/io/byte_source.hpp"

namespace dsx::data {

struct ArrayLabels {
  std::vector<std::int32_t> values;  // one per image; of several findings: columns values, image by image
  std::size_t columns = 1;
};

// Throws DataError that names the source: not `images` whole numbers, or not `images` x K truth values.
ArrayLabels read_labels(ByteSource& source, std::size_t images);

struct BinaryLabels {
  std::vector<std::string> class_names;  // negative, positive
  std::vector<std::vector<int>> labels;  // per part and image
};

// All parts together decide which classes there are. Throws DataError.
BinaryLabels to_binary(const std::vector<ArrayLabels>& parts, const std::string& positive,
                       const std::string& where);

}  // namespace dsx::data
