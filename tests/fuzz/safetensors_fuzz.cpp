// A safetensors file from memory: header, places, and the values of every tensor. What is accepted and f32
// must come back from its own text.
#include <cstdlib>
#include <cstring>

#include "study/exchange/safetensors.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace exchange;
namespace {

Bytes file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  Bytes file(8);
  std::memcpy(file.data(), &length, 8);
  file.insert(file.end(), header.begin(), header.end());
  file.resize(file.size() + data_bytes, 0x3c);
  return file;
}

}  // namespace

void read(std::span<const std::uint8_t> bytes) {
  const SafetensorsHeader header = parse_safetensors(bytes);
  std::vector<NamedTensor> tensors;
  for (const SafeTensor& tensor : header.tensors) {
    try {
      tensors.push_back({tensor.name, tensor.shape, safetensor_values(bytes, tensor)});
    } catch (const DataError&) {  // this type only
    }
  }
  const std::string text = safetensors_file(tensors, {});
  const Bytes again(text.begin(), text.end());
  if (parse_safetensors(again).tensors.size() != tensors.size()) std::abort();
}

std::vector<Bytes> seeds() {
  const std::vector<NamedTensor> tensors{
      {"fc1.weight", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"a", {1}, {-0.5F}}, {"s", {}, {7}}, {"none", {0, 4}, {}}};
  const std::vector<std::pair<std::string, std::string>> metadata{{"format", "pt"}, {"note", "line\n\"q\""}};
  const std::string whole = safetensors_file(tensors, metadata);
  std::vector<Bytes> all = {Bytes(whole.begin(), whole.end()), file_of("{}", 0)};
  const std::pair<const char*, std::size_t> types[] = {{"F16", 2}, {"BF16", 2}, {"F64", 8},    {"F32", 4},
                                                       {"I64", 8}, {"BOOL", 1}, {"F8_E4M3", 1}};
  for (const auto& [type, bytes] : types)
    all.push_back(file_of("{\"a\":{\"dtype\":\"" + std::string(type) +
                              "\",\"shape\":[2,1],\"data_offsets\":[0," + std::to_string(2 * bytes) + "]}}",
                          2 * bytes));
  return all;
}

}  // namespace dsx::fuzz
