// Checks of the whole (offsets, sizes, gaps) and conversions. The header's JSON is read in
// safetensors_header.cpp.
#include "study/exchange/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/exchange/safetensors_header.hpp"

namespace dsx::exchange {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

template <typename T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// IEEE half to single: exact.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half} >> 15 << 31, exponent = half >> 10 & 31,
                      fraction = half & 1023;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float from_f32(const std::uint8_t* at) { return load<float>(at); }
float from_f64(const std::uint8_t* at) { return static_cast<float>(load<double>(at)); }
float from_f16(const std::uint8_t* at) { return from_half(load<std::uint16_t>(at)); }
float from_bf16(const std::uint8_t* at) {
  return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16);
}

struct TypeRow {
  std::string_view name;
  std::uint64_t bytes;
  float (*to_float)(const std::uint8_t* at);  // null: not a type of weights
};
constexpr TypeRow kTypes[] = {
    {"F32", 4, from_f32}, {"F16", 2, from_f16}, {"BF16", 2, from_bf16},  {"F64", 8, from_f64},
    {"I64", 8, nullptr},  {"I32", 4, nullptr},  {"I16", 2, nullptr},     {"I8", 1, nullptr},
    {"U64", 8, nullptr},  {"U32", 4, nullptr},  {"U16", 2, nullptr},     {"U8", 1, nullptr},
    {"BOOL", 1, nullptr}, {"C64", 8, nullptr},  {"F8_E4M3", 1, nullptr}, {"F8_E5M2", 1, nullptr},
};

const TypeRow& type_of(const SafeTensor& tensor) {
  for (const TypeRow& row : kTypes)
    if (row.name == tensor.dtype) return row;
  throw DataError(
      fmt::format("tensor {} has the unknown type {}", shown_name(tensor.name), shown_name(tensor.dtype)));
}

std::uint64_t bytes_needed(const SafeTensor& tensor) {
  std::uint64_t bytes = type_of(tensor).bytes;
  for (const std::uint64_t dim : tensor.shape) {
    if (dim != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / dim)
      throw DataError(fmt::format("tensor {} has more values than a file can hold", shown_name(tensor.name)));
    bytes *= dim;
  }
  return bytes;
}

// Offsets in `tensors` count from the data's start, `data_bytes` long.
void check_places(std::vector<SafeTensor>& tensors, std::uint64_t data_bytes) {
  std::sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const SafeTensor& t : tensors) {
    const std::string name = shown_name(t.name);
    if (t.begin > t.end || t.end > data_bytes)
      throw DataError(fmt::format("tensor {} is said to be in bytes {} to {} of {}; truncated?", name,
                                  t.begin, t.end, data_bytes));
    if (const std::uint64_t needed = bytes_needed(t); needed != t.end - t.begin)
      throw DataError(fmt::format("tensor {} has {} bytes, but its shape and type need {}", name,
                                  t.end - t.begin, needed));
    if (t.begin != at)
      throw DataError(fmt::format("tensor {} {} the tensor before it", name,
                                  t.begin < at ? "overlaps" : "leaves a gap to"));
    at = t.end;
  }
  if (at != data_bytes)
    throw DataError(fmt::format("{} bytes behind the last tensor belong to none", data_bytes - at));
}

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::uint8_t> file) {
  constexpr std::size_t kPrefix = 8;
  if (file.size() < kPrefix) throw DataError("no safetensors file: shorter than its first number");
  const auto length = load<std::uint64_t>(file.data());
  if (length > file.size() - kPrefix)
    throw DataError(
        fmt::format("no safetensors file, or a truncated one: a header of {} bytes is announced", length));
  if (length > kMaxSafetensorsHeader)
    throw DataError(fmt::format("the header has {} bytes; {} are allowed", length, kMaxSafetensorsHeader));
  SafetensorsHeader header = read_safetensors_header(file.subspan(kPrefix, length));
  const std::uint64_t start = kPrefix + length;
  check_places(header.tensors, file.size() - start);
  for (SafeTensor& tensor : header.tensors) {
    tensor.begin += start;
    tensor.end += start;
  }
  return header;
}

std::vector<float> safetensor_values(std::span<const std::uint8_t> file, const SafeTensor& tensor) {
  const TypeRow& type = type_of(tensor);
  if (type.to_float == nullptr)
    throw DataError(fmt::format("tensor {} has type {}; weights are F32, F16, BF16 or F64",
                                shown_name(tensor.name), tensor.dtype));
  std::vector<float> values((tensor.end - tensor.begin) / type.bytes);
  const std::uint8_t* at = file.data() + tensor.begin;
  for (float& value : values) {
    value = type.to_float(at);
    at += type.bytes;
  }
  return values;
}

std::string safetensors_file(std::span<const NamedTensor> tensors,
                             std::span<const std::pair<std::string, std::string>> metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  std::uint64_t at = 0;
  for (const NamedTensor& t : tensors) {
    const std::uint64_t end = at + t.values.size() * sizeof(float);
    header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts aligned
  const std::uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  file.reserve(sizeof length + text.size() + at);
  file += text;
  for (const NamedTensor& t : tensors)
    file.append(reinterpret_cast<const char*>(t.values.data()), t.values.size() * sizeof(float));
  return file;
}

std::string shown_name(std::string_view name) {
  std::string text(name.substr(0, 60));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return fmt::format("'{}{}'", text, name.size() > 60 ? "..." : "");
}

}  // namespace dsx::exchange
