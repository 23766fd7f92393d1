// Safetensors files: what is written reads back, and what a stranger's header may claim is refused.
#include "study/exchange/safetensors.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <random>

#include "kernels/base/error.hpp"
#include "study/exchange/onnx_model.hpp"

namespace dsx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::uint8_t> file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::vector<std::uint8_t> file(8);
  std::memcpy(file.data(), &length, 8);
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" +
         offsets + "]}";
}

std::string refusal(const std::vector<std::uint8_t>& file) {
  try {
    exchange::parse_safetensors(file);
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}
std::string refusal(const std::string& header, const std::string& data = "") {
  return refusal(file_of(header, data));
}

TEST(Safetensors, WhatIsWrittenReadsBack) {
  const std::vector<exchange::NamedTensor> tensors{
      {"fc1.weight", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"a", {1}, {-0.5F}}, {"s", {}, {7}}};
  const exchange::Properties metadata{{"format", "pt"}, {"note", "line\n\"quoted\""}};
  const std::string text = exchange::safetensors_file(tensors, metadata);
  const std::vector<std::uint8_t> file(text.begin(), text.end());
  const exchange::SafetensorsHeader header = exchange::parse_safetensors(file);
  ASSERT_EQ(header.tensors.size(), 3U);
  EXPECT_EQ(header.metadata.at("note"), metadata[1].second);
  EXPECT_EQ(header.tensors[0].name, "fc1.weight");
  EXPECT_THAT(header.tensors[0].shape, ElementsAre(2, 3));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(exchange::safetensor_values(file, header.tensors[i]), tensors[i].values);
  EXPECT_EQ(header.tensors[0].begin % 8, 0U) << "the data should start aligned";
}

TEST(Safetensors, OtherFloatsAreConverted) {
  // 1, -2, the largest and the smallest half, infinity; then 1.5 and -3 as bfloat16, 0.1 as double.
  const std::vector<std::uint16_t> halves{0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00, 0x3FC0, 0xC040};
  std::string data(reinterpret_cast<const char*>(halves.data()), 14);
  const double tenth = 0.1;
  data.append(reinterpret_cast<const char*>(&tenth), 8);
  const auto file = file_of("{" + tensor("h", "F16", "5", "0,10") + "," + tensor("b", "BF16", "2", "10,14") +
                                "," + tensor("d", "F64", "1,1", "14,22") + "}",
                            data);
  const exchange::SafetensorsHeader header = exchange::parse_safetensors(file);
  EXPECT_THAT(exchange::safetensor_values(file, header.tensors[0]),
              ElementsAre(1.0F, -2.0F, 65504.0F, 0x1p-24F, std::numeric_limits<float>::infinity()));
  EXPECT_THAT(exchange::safetensor_values(file, header.tensors[1]), ElementsAre(1.5F, -3.0F));
  EXPECT_THAT(exchange::safetensor_values(file, header.tensors[2]), ElementsAre(0.1F));
}

TEST(Safetensors, OtherTypesAreKnownButNoWeights) {
  const auto file = file_of("{" + tensor("count", "I64", "", "0,8") + "}", std::string(8, '\0'));
  const exchange::SafetensorsHeader header = exchange::parse_safetensors(file);
  EXPECT_THROW(exchange::safetensor_values(file, header.tensors[0]), DataError);
}

TEST(Safetensors, LengthsAreBounded) {
  EXPECT_THAT(refusal(std::vector<std::uint8_t>{1, 2, 3}), HasSubstr("shorter"));
  std::vector<std::uint8_t> huge(8, 0xFF);
  EXPECT_THAT(refusal(huge), HasSubstr("header of 18446744073709551615 bytes"));
  EXPECT_THAT(refusal(std::string(exchange::kMaxSafetensorsHeader + 1, ' ')), HasSubstr("are allowed"));
  std::string many = "{";
  for (std::size_t i = 0; i <= exchange::kMaxSafetensorsTensors; ++i)
    many += (i > 0 ? "," : "") + tensor(std::to_string(i), "F32", "0", "0,0");
  EXPECT_THAT(refusal(many + "}"), HasSubstr("more than 65536 tensors"));
  std::string dims = "1";
  for (std::size_t i = 0; i < exchange::kMaxSafetensorsRank; ++i) dims += ",1";
  EXPECT_THAT(refusal("{" + tensor("a", "F32", dims, "0,4") + "}", "1234"),
              HasSubstr("more than 16 dimensions"));
}

TEST(Safetensors, PlacesMustFit) {
  const auto with = [](const std::string& tensors, std::size_t bytes) {
    return refusal("{" + tensors + "}", std::string(bytes, '\0'));
  };
  EXPECT_THAT(with(tensor("a", "F32", "2", "0,8"), 4), HasSubstr("'a' is said to be in bytes 0 to 8 of 4"));
  EXPECT_THAT(with(tensor("a", "F32", "1", "8,4"), 8), HasSubstr("bytes 8 to 4"));
  EXPECT_THAT(with(tensor("a", "F32", "3", "0,8"), 8), HasSubstr("8 bytes, but its shape and type need 12"));
  EXPECT_THAT(with(tensor("a", "F32", "2", "0,8") + "," + tensor("b", "F32", "1", "4,8"), 8),
              HasSubstr("'b' overlaps"));
  EXPECT_THAT(with(tensor("a", "F32", "1", "0,4") + "," + tensor("b", "F32", "1", "8,12"), 12),
              HasSubstr("a gap"));
  EXPECT_THAT(with(tensor("a", "F32", "1", "0,4"), 12), HasSubstr("8 bytes behind the last tensor"));
  EXPECT_THAT(with(tensor("a", "F32", "4294967296,4294967296", "0,0"), 0),
              HasSubstr("more values than a file"));
  EXPECT_THAT(with(tensor("a", "F31", "1", "0,4"), 4), HasSubstr("unknown type 'F31'"));
  EXPECT_EQ(with(tensor("empty", "F32", "0,5", "0,0") + "," + tensor("b", "F32", "1", "0,4"), 4), "accepted");
}

TEST(Safetensors, HeadersAreStrict) {
  EXPECT_THAT(refusal("[]"), HasSubstr("begin with '{'"));
  EXPECT_THAT(refusal(""), HasSubstr("begin with '{'"));
  EXPECT_THAT(refusal("{\"a\":"), HasSubstr("no JSON"));
  EXPECT_THAT(refusal("{} x"), HasSubstr("no JSON"));
  EXPECT_EQ(refusal("{}   "), "accepted");
  const std::string good = tensor("a", "F32", "1", "0,4");
  EXPECT_THAT(refusal("{" + good + "," + good + "}", "1234"), HasSubstr("'a' comes twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})"), HasSubstr("'k' comes twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})"), HasSubstr("is a number"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","dtype":"F32"}})"), HasSubstr("'dtype' twice"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[]}})"), HasSubstr("no 'data_offsets'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0]}})"), HasSubstr("1 data_offsets"));
  EXPECT_THAT(refusal("{" + tensor("a", "F32", "1", "0,4,8") + "}"), HasSubstr("is a number"));
  EXPECT_THAT(refusal("{" + tensor("a", "F32", "-1", "0,4") + "}"), HasSubstr("negative"));
  EXPECT_THAT(refusal("{" + tensor("a", "F32", "1.0", "0,4") + "}"), HasSubstr("not a 64-bit integer"));
  EXPECT_THAT(refusal("{" + tensor("a", "F32", "99999999999999999999", "0,4") + "}"),
              HasSubstr("not a 64-bit integer"));
  EXPECT_THAT(refusal("{" + tensor("a", "F32", "[1]", "0,4") + "}"), HasSubstr("is a list"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":{"b":{}}}})"), HasSubstr("is an object"));
  EXPECT_THAT(refusal("{\"a\":" + std::string(100'000, '[')), HasSubstr("is a list"));
  EXPECT_THAT(refusal(R"({"a\nb":5})"), HasSubstr("'a?b' is a number")) << "messages stay one line";
}

TEST(Safetensors, DamagedFilesAreReadOrRefusedAndNothingElse) {
  const std::vector<exchange::NamedTensor> tensors{{"conv1.weight", {2, 2}, {1, 2, 3, 4}},
                                                   {"conv1.bias", {2}, {5, 6}}};
  const std::string text = exchange::safetensors_file(tensors, exchange::Properties{{"format", "pt"}});
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> file(text.begin(), text.end());
    for (int change = 0; change < 1 + round % 3; ++change)
      file[random() % file.size()] = static_cast<std::uint8_t>(random());
    if (round % 4 == 0) file.resize(random() % file.size());
    try {
      for (const exchange::SafeTensor& t : exchange::parse_safetensors(file).tensors)
        exchange::safetensor_values(file, t);
    } catch (const DataError&) {
    }
  }
}

}  // namespace
}  // namespace dsx
