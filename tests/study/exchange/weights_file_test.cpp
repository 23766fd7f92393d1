// Weights as others hand them over: names behind a wrapper's prefix, numbers that are none, and files that
// are something else.
#include "study/exchange/weights_file.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "kernels/base/error.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

exchange::SafetensorsHeader header_of(const std::vector<std::string>& names) {
  exchange::SafetensorsHeader header;
  for (const std::string& name : names) header.tensors.emplace_back().name = name;
  return header;
}

const std::vector<std::string> kWanted{"conv1.weight", "conv1.bias", "fc1.weight"};

TEST(CommonPrefix, OfWrappersIsTakenOff) {
  for (const std::string prefix :
       {"module.", "_orig_mod.", "model.", "net.", "model._orig_mod.", "module.model."}) {
    std::vector<std::string> names;
    for (const std::string& name : kWanted) names.push_back(prefix + name);
    names.push_back(prefix + "bn.num_batches_tracked");
    exchange::SafetensorsHeader header = header_of(names);
    EXPECT_EQ(exchange::take_common_prefix(header, kWanted), prefix);
    EXPECT_EQ(header.tensors[0].name, "conv1.weight");
    EXPECT_EQ(header.tensors[3].name, "bn.num_batches_tracked");
  }
}

TEST(CommonPrefix, StaysWhereItIsNotOneOrNotOfAll) {
  const std::vector<std::vector<std::string>> sets{
      kWanted,
      {"module.conv1.weight", "module.conv1.bias", "fc1.weight"},
      {"module.conv1.weight", "module.conv1.bias", "module.fc1.weight", "loss.weight"},
      {"module.conv1.weight", "module.conv1.bias"},
      {"xconv1.weight", "xconv1.bias", "xfc1.weight"},
      {}};
  for (const std::vector<std::string>& names : sets) {
    exchange::SafetensorsHeader header = header_of(names);
    EXPECT_EQ(exchange::take_common_prefix(header, kWanted), "");
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(header.tensors[i].name, names[i]);
  }
}

template <typename T>
std::string refusal_of_value(const std::string& name, const std::string& dtype, std::vector<T> values) {
  exchange::SafeTensor tensor{name, dtype, {values.size()}, 0, values.size() * sizeof(T)};
  std::vector<std::uint8_t> bytes(tensor.end);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  try {
    exchange::finite_values(bytes, tensor);
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FiniteValues, RefuseNumbersThatAreNoneByTensor) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refusal_of_value<float>("fc1.bias", "F32", {1, -2, 0}), "accepted");
  EXPECT_THAT(refusal_of_value<float>("fc1.bias", "F32", {1, nan}),
              AllOf(HasSubstr("tensor 'fc1.bias'"), HasSubstr("value 2 of 2 is NaN")));
  EXPECT_THAT(refusal_of_value<float>("fc1.bias", "F32", {-infinite, 1, 2}),
              HasSubstr("value 1 of 3 is infinite"));
  EXPECT_THAT(refusal_of_value<std::uint16_t>("a", "F16", {0x3C00, 0x7E00}),
              HasSubstr("value 2 of 2 is NaN"));
  EXPECT_THAT(refusal_of_value<std::uint16_t>("a", "BF16", {0x7F80}), HasSubstr("infinite"));
  EXPECT_THAT(refusal_of_value<double>("a", "F64", {1e300}), HasSubstr("more than float32 can hold"));
  EXPECT_THAT(refusal_of_value<float>("bn.running_var", "F32", {1, -1e-3F}), HasSubstr("below 0"));
  EXPECT_EQ(refusal_of_value<float>("bn.running_mean", "F32", {1, -1e-3F}), "accepted");
}

class WeightsFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dsx-weights-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string refusal(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return refusal_of(folder_ / name);
  }
  static std::string refusal_of(const fs::path& path) {
    try {
      exchange::read_weights_file(path);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  fs::path folder_;
};

TEST_F(WeightsFile, SaysWhatElseItIsAndWhatToDo) {
  EXPECT_THAT(
      refusal("model.safetensors.index.json",
              R"({"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})"),
      AllOf(HasSubstr("model.safetensors.index.json: an index of 2 files"),
            HasSubstr("'model-1.safetensors'"), HasSubstr("save_file")));
  EXPECT_THAT(refusal("one.json", R"({"weight_map": {"a": "w.safetensors", "b": "w.safetensors"}})"),
              HasSubstr("give the file that it names: 'w.safetensors'"));
  EXPECT_THAT(refusal("config.json", R"({"size": 32})"), HasSubstr("a JSON file, not weights"));
  EXPECT_THAT(refusal("old.pth", std::string("\x80\x02}q\x01", 5)),
              AllOf(HasSubstr("Python pickle"), HasSubstr("save_file(model.state_dict()")));
  EXPECT_THAT(refusal("page.safetensors", "<!DOCTYPE html><html></html>"), HasSubstr("an HTML page"));
  EXPECT_THAT(refusal("w.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(refusal("w.onnx", std::string("\x08\x08\x12\x07pytorch", 11)), HasSubstr("an ONNX model"));
  EXPECT_THAT(refusal("w.npy", std::string("\x93NUMPY\x01\0", 8)), HasSubstr("a single NumPy array"));
  EXPECT_THAT(refusal("w.h5", "\x89HDF\r\n\x1A\n...."), HasSubstr("an HDF5 file"));
  EXPECT_THAT(refusal_of(folder_), HasSubstr("give a file in it: page.safetensors or w.safetensors"));
  fs::create_directory(folder_ / "empty");
  EXPECT_THAT(refusal_of(folder_ / "empty"), HasSubstr("no .safetensors file is in it"));
}

// A header of 123 bytes makes the file begin with a brace, as JSON does.
TEST_F(WeightsFile, TakesWhatMayBeOne) {
  const std::string header = "{\"__metadata__\":{}" + std::string(104, ' ') + "}";
  ASSERT_EQ(header.size(), 123U);
  EXPECT_EQ(refusal("brace", std::string("\x7B\0\0\0\0\0\0\0", 8) + header), "accepted");
}

}  // namespace
}  // namespace dsx
