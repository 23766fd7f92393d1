// The safetensors format: 8 bytes of header length, a JSON header, and the tensors' bytes. Files come from
// anywhere, so everything a header says is checked before it is used, in memory bounded by the file's size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dsx::exchange {

// What is refused beyond the format's own rules; PyTorch's largest models stay far below.
inline constexpr std::size_t kMaxSafetensorsHeader = 16 << 20;  // bytes
inline constexpr std::size_t kMaxSafetensorsTensors = 1 << 16;
inline constexpr std::size_t kMaxSafetensorsRank = 16;

struct SafeTensor {
  std::string name, dtype;  // "conv1.weight", "F32"
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes, from the file's start
};

struct SafetensorsHeader {
  std::vector<SafeTensor> tensors;  // in the order of their bytes
  std::map<std::string, std::string> metadata;
};

// The header of a file's bytes. Every tensor lies inside the file, has the bytes that its shape and type
// need, and shares none; no byte belongs to nobody. Throws DataError.
SafetensorsHeader parse_safetensors(std::span<const std::uint8_t> file);

// A tensor's values as f32: F32 as it is, F16 and BF16 exactly, F64 rounded. Throws DataError for other
// types.
std::vector<float> safetensor_values(std::span<const std::uint8_t> file, const SafeTensor& tensor);

struct NamedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
};

// A file's bytes, F32, in the given order.
std::string safetensors_file(std::span<const NamedTensor> tensors,
                             std::span<const std::pair<std::string, std::string>> metadata);

// A name from a file as part of a one-line message: short, and without control characters.
std::string shown_name(std::string_view name);

}  // namespace dsx::exchange
