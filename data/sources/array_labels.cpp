// Labels are read in blocks: their array may be long, and its numbers wider than what is kept of them.
#include "data/sources/array_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "data/formats/npy.hpp"
#include "data/sources/binary_classes.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

constexpr std::size_t kMaxFindings = 256, kMaxClasses = 1000;

// Names of the classes in numeric order.
std::vector<std::string> classes_of(const std::vector<ArrayLabels>& parts, const std::string& where) {
  std::set<std::int32_t> numbers;
  for (const ArrayLabels& part : parts)
    for (const std::int32_t value : part.values)
      if (numbers.insert(value).second && numbers.size() > kMaxClasses)
        throw DataError(fmt::format("{}: labels of more than {} classes are refused", where, kMaxClasses));
  std::vector<std::string> names;
  for (const std::int32_t number : numbers) names.push_back(fmt::to_string(number));
  return names;
}

std::vector<std::string> columns_of(const std::vector<ArrayLabels>& parts, const std::string& where) {
  for (const ArrayLabels& part : parts)
    if (part.columns != parts.front().columns)
      throw DataError(fmt::format("{}: labels have {} columns in one split and {} in another", where,
                                  parts.front().columns, part.columns));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parts.front().columns; ++i) names.push_back(fmt::to_string(i));
  return names;
}

bool is_one_hot(const ArrayLabels& part) {
  for (std::size_t i = 0; i < part.values.size(); i += part.columns)
    if (std::accumulate(&part.values[i], &part.values[i] + part.columns, 0) != 1) return false;
  return true;
}

}  // namespace

ArrayLabels read_labels(ByteSource& source, std::size_t images) {
  const NpyHeader header = read_npy_header(source);
  const auto& shape = header.shape;
  if (shape.empty() || shape.size() > 2 || shape[0] != images)
    source.fail(fmt::format("its shape is {}, but {} images need labels {} or {} x 1", header.shape_text(),
                            images, images, images));
  ArrayLabels labels;
  labels.columns = shape.size() == 2 ? shape[1] : 1;
  if (labels.columns == 0 || labels.columns > kMaxFindings)
    source.fail(fmt::format("labels of {} columns are refused", labels.columns));
  const auto count = static_cast<std::size_t>(header.count());
  labels.values.reserve(count);
  const double most = labels.columns > 1 ? 1 : std::numeric_limits<std::int32_t>::max();
  std::vector<std::uint8_t> block;
  while (labels.values.size() < count) {
    const std::size_t numbers = std::min<std::size_t>(count - labels.values.size(), 8192);
    block.resize(numbers * header.width);
    source.read(block);
    for (std::size_t i = 0; i < numbers; ++i) {
      const double value = npy_number(header, block, i);
      if (!(std::abs(value) <= most) || value != std::floor(value) || (labels.columns > 1 && value < 0))
        source.fail(fmt::format("label {} is {}: not {}", labels.values.size(), value,
                                labels.columns > 1 ? "0 or 1" : "a whole number"));
      labels.values.push_back(static_cast<std::int32_t>(value));
    }
  }
  source.finish();
  return labels;
}

BinaryLabels to_binary(const std::vector<ArrayLabels>& parts, const std::string& positive,
                       const std::string& where) {
  BinaryLabels result;
  const bool findings = parts.front().columns > 1;
  if (findings && positive.empty()) {
    const std::size_t last = parts.front().columns - 1;
    const bool one_hot = std::all_of(parts.begin(), parts.end(), is_one_hot);
    throw DataError(
        fmt::format("{}: labels of {} per image; say which of the columns 0 to {} make an image positive, "
                    "e.g. --positive {}",
                    where,
                    one_hot ? fmt::format("{} columns, of which one is set (one-hot)", last + 1)
                            : fmt::format("{} findings", last + 1),
                    last, one_hot ? last : 0));
  }
  const std::vector<std::string> columns = columns_of(parts, where);
  const BinaryClasses binary = binary_classes(findings ? columns : classes_of(parts, where), positive, where);
  result.class_names = binary.names;
  if (findings) result.class_names[0] = "not " + binary.names[1];  // the other findings, or none
  for (const ArrayLabels& part : parts) {
    std::vector<int>& labels = result.labels.emplace_back();
    for (std::size_t i = 0; i < part.values.size(); i += part.columns) {
      int label = 0;
      if (!findings) label = binary.label.at(fmt::to_string(part.values[i]));
      for (std::size_t c = 0; findings && c < part.columns; ++c)
        if (part.values[i + c] != 0) label |= binary.label.at(columns[c]);
      labels.push_back(label);
    }
  }
  return result;
}

}  // namespace dsx::data
